// Drawing. A gesture draws what the window holds; more follows when the browser has time, or as
// one scrolls. Rows keep their elements, by id, so that focus and what one reads stay.

const ROW_HEIGHT = 68; // of a short row, to know how many fill a window
const AHEAD_PX = 1200;
const MOST_AT_ONCE = 48;
const SPARE = 400;
const ROOM = 100; // so many rows that are not drawn yet have their place kept for the scroll bar

// How many rows reach from the top of the table to the lower edge of the window.
function windowful(view) {
  const above = view?.table.hidden === false ? view.body.getBoundingClientRect().top : 0;
  return Math.min(Math.max(8, Math.ceil((window.innerHeight - above) / ROW_HEIGHT)), MOST_AT_ONCE);
}

function draw(view) {
  const rows = view.shown.slice(0, view.limit);
  const wanted = new Set(rows.map((row) => row.id));
  for (const [id, drawn] of view.drawn) {
    if (wanted.has(id)) continue;
    drawn.element.remove();
    view.drawn.delete(id);
    view.spare.set(id, drawn);
  }
  makeRows(view, rows.filter((row) => !view.drawn.has(row.id) && !view.spare.has(row.id)));
  let after = view.body.firstElementChild;
  for (const [index, row] of rows.entries()) {
    const element = drawRow(view, row, index);
    if (element === after) after = after.nextElementSibling;
    else view.body.insertBefore(element, after);
  }
  for (const id of view.spare.keys()) {
    if (view.spare.size <= SPARE) break;
    view.spare.delete(id);
  }
  const left = view.shown.length - rows.length;
  view.end.hidden = !left;
  view.end.style.height = `${Math.min(left, ROOM) * ROW_HEIGHT}px`;
  refreshMenu(view);
}

// New rows are parsed together: one parse of many costs a fraction of many of one.
function makeRows(view, rows) {
  if (!rows.length) return;
  const all = rows.map((row) => cellsOf(row, view.detail));
  view.mould.innerHTML = all.map((cells) => `<tr role="row" class="row">${cells.map((html, column) =>
    `<td role="cell" class="${COLUMNS[column][2]}" data-label="${COLUMNS[column][0]}">${html}</td>`).join("")}</tr>`).join("");
  const elements = [...view.mould.content.children];
  for (const [index, element] of elements.entries()) {
    element.dataset.id = rows[index].id;
    watchIcons(element);
    tickTimes(element, clock(view));
    view.spare.set(rows[index].id, { element, cells: all[index], row: rows[index] });
  }
}

function drawRow(view, row, index) {
  const drawn = view.drawn.get(row.id) ?? view.spare.get(row.id);
  const { element } = drawn;
  if (drawn.row !== row) rewrite(view, drawn, row);
  view.spare.delete(row.id);
  view.drawn.set(row.id, drawn);
  element.classList.toggle("marked", row.isMarked);
  element.setAttribute("aria-rowindex", index + 2);
  markChosen(view, row.id, element);
  return element;
}

function rewrite(view, drawn, row) {
  const cells = cellsOf(row, view.detail);
  cells.forEach((html, column) => {
    if (drawn.cells[column] === html) return;
    drawn.element.children[column].innerHTML = html;
    watchIcons(drawn.element.children[column]);
  });
  Object.assign(drawn, { row, cells });
  tickTimes(drawn.element, clock(view));
}

// New data moves nothing under the eyes: neither the focus nor the row one is at.
function keepPlace(view, update) {
  const at = focused(view.root);
  const [id, act] = [at?.closest?.(".row")?.dataset.id, at?.dataset?.act];
  const main = scroller();
  const anchor = main?.scrollTop ? rowInSight(view, main, view.menuOf ?? id) : undefined;
  const before = anchor?.getBoundingClientRect().top;
  update();
  if (anchor?.isConnected) main.scrollTop += anchor.getBoundingClientRect().top - before;
  if (!id || focused(view.root) === at) return;
  const own = [...(view.drawn.get(id)?.element.querySelectorAll("[data-act]") ?? [])];
  (own.find((each) => each.dataset.act === act) ?? own[0])?.focus({ preventScroll: true });
}

// The row with the focus or the open menu if it is on screen, else the first one that is.
function rowInSight(view, main, id) {
  const { top, bottom } = main.getBoundingClientRect();
  const inSight = (row) => {
    const box = row.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  };
  const own = view.drawn.get(id)?.element;
  return own && inSight(own) ? own : [...view.body.children].find(inSight);
}

function goTo(view, row) {
  if (!row) return;
  view.limit = Math.max(view.limit, view.shown.indexOf(row) + windowful());
  draw(view);
  requestAnimationFrame(() => view.drawn.get(row.id)?.element.scrollIntoView({ block: "nearest" }));
}

// Draws on, a little more each time, until enough lies below the window.
function drawOn(view) {
  if (view.waiting) return;
  view.waiting = idle(() => {
    view.waiting = 0;
    if (view.end.hidden || !isNear(view.end)) return;
    view.limit += view.step;
    view.step = Math.min(view.step * 2, MOST_AT_ONCE);
    draw(view);
    view.address.write({}, { drawn: view.limit });
    drawOn(view);
  });
}

function isNear(end) {
  const main = scroller();
  if (!main || !end.isConnected) return false;
  return end.getBoundingClientRect().top < main.getBoundingClientRect().bottom + AHEAD_PX + ROW_HEIGHT;
}

function watchEnd(view) {
  const watcher = new IntersectionObserver(() => drawOn(view), { root: scroller(), rootMargin: `${AHEAD_PX}px` });
  watcher.observe(view.end);
  return () => {
    watcher.disconnect();
    noIdle(view.waiting);
  };
}

function tick(view) {
  const timer = setInterval(() => {
    for (const part of [view.body, view.strip]) tickTimes(part, clock(view));
  }, TICK_MS);
  return () => clearInterval(timer);
}
