// The menu of a row: one element for the whole table, shown above everything else.

const MENU_GAP = 4;

function openMenu(view, row, button, at) {
  closeMenu(view);
  view.menuOf = row.id;
  view.menu.innerHTML = menuHtml(row);
  view.menu.setAttribute("aria-label", `More actions for ${row.name}`);
  view.menu.showPopover();
  placeMenu(view, button);
  [...view.menu.children].at(at).focus({ preventScroll: true });
}

function placeMenu(view, button) {
  button.setAttribute("aria-expanded", "true");
  const spot = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = view.menu;
  const fits = spot.bottom + MENU_GAP + height < window.innerHeight;
  const top = fits ? spot.bottom + MENU_GAP : spot.top - MENU_GAP - height;
  view.menu.style.top = `${Math.max(MENU_GAP, top)}px`;
  view.menu.style.left = `${Math.max(MENU_GAP, spot.right - width)}px`;
}

function menuButton(view) {
  return view.drawn.get(view.menuOf)?.element.querySelector(".more");
}

function closeMenu(view, { focus = false } = {}) {
  if (view.menuOf === undefined) return;
  const button = menuButton(view);
  view.menuOf = undefined;
  view.menu.hidePopover();
  button?.setAttribute("aria-expanded", "false");
  if (focus) button?.focus({ preventScroll: true });
}

// After new rows: the menu stays on its row, says what the row offers now, or goes with it.
function refreshMenu(view) {
  if (view.menuOf === undefined) return;
  const row = view.rows.find((each) => each.id === view.menuOf);
  const button = menuButton(view);
  if (!row || !button) return closeMenu(view);
  const html = menuHtml(row);
  const at = [...view.menu.children].indexOf(focused(view.menu));
  const act = view.menu.children[at]?.dataset.act;
  if (view.menu.innerHTML !== html) {
    view.menu.innerHTML = html;
    const items = [...view.menu.children];
    const same = items.find((item) => item.dataset.act === act) ?? items[0];
    if (at >= 0) same?.focus({ preventScroll: true });
  }
  placeMenu(view, button);
}

function onMenuKey(view, event) {
  const items = [...view.menu.children];
  const at = items.indexOf(event.target);
  const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key in steps) {
    event.preventDefault();
    items.at(steps[event.key] % items.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    closeMenu(view, { focus: true });
  }
}

// Returns what stops it.
function listenMenu(view) {
  const main = scroller();
  const onPress = (event) => {
    const path = event.composedPath();
    if (!path.includes(view.menu) && !path.includes(menuButton(view))) closeMenu(view);
  };
  const onMove = () => {
    const button = menuButton(view);
    if (button) placeMenu(view, button);
  };
  view.menu.onkeydown = (event) => onMenuKey(view, event);
  document.addEventListener("pointerdown", onPress, true);
  window.addEventListener("resize", onMove);
  main?.addEventListener("scroll", onMove, { passive: true });
  return () => {
    document.removeEventListener("pointerdown", onPress, true);
    window.removeEventListener("resize", onMove);
    main?.removeEventListener("scroll", onMove);
  };
}
