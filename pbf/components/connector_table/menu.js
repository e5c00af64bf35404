// The menu of a row: one popover for the whole table.

import { focused, scroller } from "../shared/page.js";
import { act } from "./actions.js";
import { menuHtml } from "./cells.js";

const GAP = 4;

export function toggleMenu(view, row, button, index) {
  if (view.menuOf === row.id) closeMenu(view);
  else openMenu(view, row, button, index);
}

function openMenu(view, row, button, index) {
  closeMenu(view);
  view.menuOf = row.id;
  view.menu.innerHTML = menuHtml(row);
  view.menu.setAttribute("aria-label", `More actions for ${row.name}`);
  view.menu.showPopover();
  placeMenu(view, button);
  [...view.menu.children].at(index).focus({ preventScroll: true });
}

function placeMenu(view, button) {
  button.setAttribute("aria-expanded", "true");
  const box = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = view.menu;
  const fitsBelow = box.bottom + GAP + height < window.innerHeight;
  const top = fitsBelow ? box.bottom + GAP : box.top - GAP - height;
  view.menu.style.top = `${Math.max(GAP, top)}px`;
  view.menu.style.left = `${Math.max(GAP, box.right - width)}px`;
}

function menuButton(view) {
  return view.drawn.get(view.menuOf)?.element.querySelector(".more");
}

export function closeMenu(view, { focus = false } = {}) {
  if (view.menuOf === undefined) return;
  const button = menuButton(view);
  view.menuOf = undefined;
  view.menu.hidePopover();
  button?.setAttribute("aria-expanded", "false");
  if (focus) button?.focus({ preventScroll: true });
}

// After new data: updates the menu of the row, or closes it if the row is gone.
export function refreshMenu(view) {
  if (view.menuOf === undefined) return;
  const row = view.rows.find(({ id }) => id === view.menuOf);
  const button = menuButton(view);
  if (!row || !button) {
    closeMenu(view);
    return;
  }
  const html = menuHtml(row);
  if (view.menu.innerHTML !== html) writeMenu(view, html);
  placeMenu(view, button);
}

// Writes the items and keeps the focus on the same action.
function writeMenu(view, html) {
  const index = [...view.menu.children].indexOf(focused(view.menu));
  const action = view.menu.children[index]?.dataset.act;
  view.menu.innerHTML = html;
  const items = [...view.menu.children];
  const item = items.find((candidate) => candidate.dataset.act === action) ?? items[0];
  if (index >= 0) item?.focus({ preventScroll: true });
}

function onMenuClick(view, event) {
  const item = event.target.closest("[role=menuitem]");
  if (!item) return;
  const id = view.menuOf;
  closeMenu(view, { focus: true });
  if (item.dataset.act) act(view, item.dataset.act, [id]);
}

function onMenuKey(view, event) {
  const items = [...view.menu.children];
  const index = items.indexOf(event.target);
  const targets = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: items.length - 1 };
  if (event.key in targets) {
    event.preventDefault();
    items.at(targets[event.key] % items.length).focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    closeMenu(view, { focus: true });
  }
}

// Returns the function that removes the listeners of the page.
export function listenMenu(view) {
  const main = scroller();
  const onPress = (event) => {
    const path = event.composedPath();
    if (!path.includes(view.menu) && !path.includes(menuButton(view))) closeMenu(view);
  };
  const onMove = () => {
    const button = menuButton(view);
    if (button) placeMenu(view, button);
  };
  view.menu.onclick = (event) => onMenuClick(view, event);
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
