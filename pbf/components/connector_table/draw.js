// Drawing. A gesture draws only the rows that fit the window; more follow when the browser is idle,
// or on scrolling. Rows keep their elements, by id, so that the focus and the reading position stay.

import { watchIcons } from "../shared/icons.js";
import { cancelIdle, focused, scroller, whenIdle } from "../shared/page.js";
import { cellsOf } from "./cells.js";
import { serverTime } from "./clock.js";
import { COLUMNS } from "./columns.js";
import { refreshMenu } from "./menu.js";
import { markSelected } from "./selection.js";
import { updateTimes } from "./times.js";

const ROW_HEIGHT = 68; // of a short row, to estimate how many fit the window
const AHEAD_PX = 1200;
const MAX_BATCH = 48;
const MAX_SPARE = 400;
const MAX_RESERVED = 100; // rows not drawn yet that take up space for the scroll bar
const TICK_MS = 30000;
export const FIRST_STEP = 8;

// Returns how many rows fit between the top of the table and the lower edge of the window.
export function windowful(view) {
  const above = view?.table.hidden === false ? view.body.getBoundingClientRect().top : 0;
  return Math.min(Math.max(8, Math.ceil((window.innerHeight - above) / ROW_HEIGHT)), MAX_BATCH);
}

export function draw(view) {
  const rows = view.shown.slice(0, view.limit);
  removeRows(view, new Set(rows.map((row) => row.id)));
  makeRows(view, rows.filter((row) => !view.drawn.has(row.id) && !view.spare.has(row.id)));
  let next = view.body.firstElementChild;
  for (const [index, row] of rows.entries()) {
    const element = drawRow(view, row, index);
    if (element === next) next = next.nextElementSibling;
    else view.body.insertBefore(element, next);
  }
  for (const id of view.spare.keys()) {
    if (view.spare.size <= MAX_SPARE) break;
    view.spare.delete(id);
  }
  const left = view.shown.length - rows.length;
  view.end.hidden = !left;
  view.end.style.height = `${Math.min(left, MAX_RESERVED) * ROW_HEIGHT}px`;
  refreshMenu(view);
}

// Keeps the removed rows, since a search often brings them back.
function removeRows(view, keptIds) {
  for (const [id, drawn] of view.drawn) {
    if (keptIds.has(id)) continue;
    drawn.element.remove();
    view.drawn.delete(id);
    view.spare.set(id, drawn);
  }
}

// Parses all new rows at once, which costs a fraction of parsing them one by one.
function makeRows(view, rows) {
  if (!rows.length) return;
  const cells = rows.map((row) => cellsOf(row, view.detail));
  view.template.innerHTML = cells.map(rowHtml).join("");
  const elements = [...view.template.content.children];
  for (const [index, element] of elements.entries()) {
    element.dataset.id = rows[index].id;
    watchIcons(element);
    updateTimes(element, serverTime(view));
    view.spare.set(rows[index].id, { element, cells: cells[index], row: rows[index] });
  }
}

function rowHtml(cells) {
  return `<tr role="row" class="row">${cells.map((html, column) =>
    `<td role="cell" class="${COLUMNS[column][2]}" data-label="${COLUMNS[column][0]}">${html}</td>`).join("")}</tr>`;
}

function drawRow(view, row, index) {
  const drawn = view.drawn.get(row.id) ?? view.spare.get(row.id);
  const { element } = drawn;
  if (drawn.row !== row) rewrite(view, drawn, row);
  view.spare.delete(row.id);
  view.drawn.set(row.id, drawn);
  element.classList.toggle("marked", row.isMarked);
  element.setAttribute("aria-rowindex", index + 2);
  markSelected(view, row.id, element);
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
  updateTimes(drawn.element, serverTime(view));
}

// Runs an update that moves neither the focus nor the row that the user looks at.
export function keepPlace(view, update) {
  const active = focused(view.root);
  const [id, action] = [active?.closest?.(".row")?.dataset.id, active?.dataset?.act];
  const main = scroller();
  const anchor = main?.scrollTop ? anchorRow(view, main, view.menuOf ?? id) : undefined;
  const top = anchor?.getBoundingClientRect().top;
  update();
  if (anchor?.isConnected) main.scrollTop += anchor.getBoundingClientRect().top - top;
  if (!id || focused(view.root) === active) return;
  const buttons = [...(view.drawn.get(id)?.element.querySelectorAll("[data-act]") ?? [])];
  (buttons.find((button) => button.dataset.act === action) ?? buttons[0])?.focus({ preventScroll: true });
}

// Returns the row of an id if it is on screen, else the first row that is.
function anchorRow(view, main, id) {
  const { top, bottom } = main.getBoundingClientRect();
  const isOnScreen = (element) => {
    const box = element.getBoundingClientRect();
    return box.bottom > top && box.top < bottom;
  };
  const element = view.drawn.get(id)?.element;
  return element && isOnScreen(element) ? element : [...view.body.children].find(isOnScreen);
}

export function scrollToRow(view, row) {
  if (!row) return;
  view.limit = Math.max(view.limit, view.shown.indexOf(row) + windowful());
  draw(view);
  requestAnimationFrame(() => view.drawn.get(row.id)?.element.scrollIntoView({ block: "nearest" }));
}

// Draws more rows, in growing steps, until enough are below the window.
export function drawMore(view) {
  if (view.idleTask) return;
  view.idleTask = whenIdle(() => {
    view.idleTask = 0;
    if (view.end.hidden || !isNear(view.end)) return;
    view.limit += view.step;
    view.step = Math.min(view.step * 2, MAX_BATCH);
    draw(view);
    view.address.write({}, { drawn: view.limit });
    drawMore(view);
  });
}

function isNear(end) {
  const main = scroller();
  if (!main || !end.isConnected) return false;
  return end.getBoundingClientRect().top < main.getBoundingClientRect().bottom + AHEAD_PX + ROW_HEIGHT;
}

// Returns the function that stops it.
export function watchEnd(view) {
  const observer = new IntersectionObserver(() => drawMore(view), { root: scroller(), rootMargin: `${AHEAD_PX}px` });
  observer.observe(view.end);
  return () => {
    observer.disconnect();
    cancelIdle(view.idleTask);
  };
}

// Keeps the times up to date; returns the function that stops it.
export function startClock(view) {
  const timer = setInterval(() => {
    for (const part of [view.body, view.strip]) updateTimes(part, serverTime(view));
  }, TICK_MS);
  return () => clearInterval(timer);
}
