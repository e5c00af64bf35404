// The table of connectors: all rows are in memory, and more are drawn as the user scrolls.

import { openAddress } from "../shared/address.js";
import { NUMBERS, onChip } from "../shared/chips.js";
import { takeOver } from "../shared/first_screen.js";
import { escapeHtml } from "../shared/html.js";
import { followPage, placeBelowHeader, restoreScroll, whenIdle } from "../shared/page.js";
import { openNew } from "../shared/payload.js";
import { act, follow } from "./actions.js";
import { listChoices, showCategories, showStatuses } from "./choices.js";
import { clockOffset } from "./clock.js";
import { drawHead, nextOrder, showOrder } from "./columns.js";
import { download } from "./download.js";
import { FIRST_STEP, draw, drawMore, keepPlace, scrollToRow, startClock, watchEnd, windowful } from "./draw.js";
import { filtered } from "./filter.js";
import { closeMenu, listenMenu, toggleMenu } from "./menu.js";
import { KEYS, columnOf, inOrder } from "./order.js";
import { RANGE_NAMES, rangeLabel, rangeOf, rangeParameters, showRange } from "./range.js";
import { unpack } from "./rows.js";
import { listenSelection, onSelect, pruneSelection, showSelection } from "./selection.js";
import { listenUnfinished, showUnfinished } from "./unfinished.js";

const PARTS = [
  ...["strip", "search", "clear", "kind", "sort", "chips", "count", "download", "table", "head"],
  ...["body", "nothing", "menu", "bar", "selectionCount", "rangeChip"],
];
const tables = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".connectors");
  if (!tables.has(root)) tables.set(root, openTable(root));
  const { view, release } = tables.get(root);
  view.send = setTriggerValue;
  show(view, data);
  return release;
}

function newView(root) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  return {
    ...Object.fromEntries(PARTS.map((name) => [name, part(name)])),
    root,
    end: part("more"),
    template: document.createElement("template"),
    address: openAddress(["q", "status", "category", "sort", ...RANGE_NAMES]),
    rows: [],
    shown: [],
    orders: new Map(),
    drawn: new Map(),
    spare: new Map(),
    selection: new Set(),
    limit: windowful(),
    step: FIRST_STEP,
    status: "",
    category: "",
    order: "",
    range: null,
  };
}

function openTable(root) {
  const view = newView(root);
  drawHead(view);
  listenSelection(view);
  listenUnfinished(view, (status) => change(view, { status, category: "", q: "", range: null }));
  listenFilters(view);
  listenRows(view);
  const releases = [listenPage(view), listenMenu(view), watchEnd(view), startClock(view)];
  placeBelowHeader(root);
  return { view, release: () => releases.forEach((release) => release()) };
}

async function show(view, payload) {
  const update = await openNew(view, payload);
  if (!update) return;
  const { detail, acts, now, body, isFirst } = update;
  const notes = view.address.notes();
  const handOver = takeOver(view.root, view.search);
  view.detail = detail;
  view.root.classList.toggle("view-only", acts === false);
  view.offset = clockOffset(now);
  const markedIds = new Set(view.rows.filter((row) => row.isMarked).map((row) => row.id));
  setRows(view, unpack(body));
  if (isFirst) {
    readAddress(view);
    view.limit = Math.max(view.limit, notes.drawn || 0);
    apply(view);
  } else keepPlace(view, () => apply(view));
  if (isFirst && notes.top) restoreScroll(notes.top);
  else scrollToRow(view, view.shown.find((row) => row.isMarked && !markedIds.has(row.id)));
  drawMore(view);
  handOver();
}

function setRows(view, rows) {
  view.rows = rows;
  view.orders = new Map([["", rows]]);
  view.lastSearch = undefined;
  view.root.hidden = !rows.length;
  pruneSelection(view);
  listChoices(view);
  showUnfinished(view);
  // Sorts ahead of the first request: sorting thousands of rows takes longer than a click may.
  for (const order of Object.keys(KEYS)) whenIdle(() => view.rows === rows && inOrder(view, order));
}

function readAddress(view) {
  const parameters = view.address.read();
  view.search.value = parameters.q;
  view.status = parameters.status;
  view.category = parameters.category;
  view.order = columnOf(parameters.sort) in KEYS ? parameters.sort : "";
  view.range = rangeOf(parameters);
}

function apply(view) {
  const { shown, ...counts } = filtered(view);
  view.shown = shown;
  view.count.textContent = `${NUMBERS.format(shown.length)} of ${NUMBERS.format(view.rows.length)} connectors`;
  view.download.disabled = !shown.length;
  view.table.hidden = !shown.length;
  view.table.setAttribute("aria-rowcount", shown.length + 1);
  showOrder(view);
  showStatuses(view, counts);
  showCategories(view, counts);
  showRange(view);
  showNothing(view);
  draw(view);
  showSelection(view);
}

function showNothing(view) {
  view.nothing.hidden = view.shown.length > 0;
  if (view.shown.length) return;
  const typed = view.search.value.trim();
  const quoted = (text) => `\u201c${escapeHtml(text)}\u201d`;
  const what = typed ? ` ${quoted(typed)}` : "";
  const where = view.status ? ` with the status ${quoted(view.status)}` : "";
  const kind = view.category ? ` in the category ${quoted(view.category)}` : "";
  const range = view.range ? `: ${escapeHtml(rangeLabel(view.range))}` : "";
  view.nothing.innerHTML = `<p>No connector matches${what}${where}${kind}${range}.</p>
    <button type="button" class="button">Clear filters</button>`;
}

// Changes the search, a filter or the order: `q`, `status`, `category`, `order`, `range`.
function change(view, { q, ...values }) {
  if (q !== undefined) view.search.value = q;
  Object.assign(view, values);
  view.limit = windowful(view);
  view.step = FIRST_STEP;
  closeMenu(view);
  apply(view);
  if (view.kind.value !== view.category) view.kind.value = view.category;
  const { status, category, order: sort, limit: drawn } = view;
  const typed = view.search.value.trim();
  view.address.write({ q: typed, status, category, sort, ...rangeParameters(view.range) }, { drawn });
  requestAnimationFrame(() => drawMore(view)); // after the requested rows are painted
}

function listenFilters(view) {
  const { search, sort, kind } = view;
  const restart = (values) => {
    change(view, values);
    search.focus();
  };
  search.oninput = () => change(view, {});
  sort.onchange = () => change(view, { order: sort.value });
  kind.onchange = () => change(view, { category: kind.value });
  view.clear.onclick = () => restart({ q: "" });
  view.download.onclick = () => download(view);
  view.nothing.onclick = (event) =>
    event.target.closest("button") && restart({ q: "", status: "", category: "", range: null });
  view.rangeChip.onclick = () => restart({ range: null });
  onChip(view.chips, (status) => change(view, { status: status === view.status ? "" : status }));
  view.root.onkeydown = (event) => {
    if (event.key !== "Escape" || event.target !== search) return;
    event.preventDefault();
    change(view, { q: "" });
  };
}

function listenRows(view) {
  view.head.onclick = (event) => {
    const column = event.target.closest("button")?.dataset.sort;
    if (column) change(view, { order: nextOrder(view.order, column) });
    else if (event.target.matches("[data-pick]")) onSelect(view, event.target, event);
  };
  view.body.onclick = (event) => onRowClick(view, event);
  view.body.onkeydown = (event) => onRowKey(view, event);
}

// Returns the function that removes the listeners of the page.
function listenPage(view) {
  return followPage(view.search, view.address, () => {
    readAddress(view);
    apply(view);
    view.kind.value = view.category;
    drawMore(view);
  });
}

function rowOf(view, element) {
  const { id } = element.closest(".row").dataset;
  return view.rows.find((row) => row.id === id);
}

function onRowClick(view, event) {
  if (event.target.matches("[data-pick]")) {
    onSelect(view, event.target, event);
    return;
  }
  const target = event.target.closest("[data-act]");
  if (!target) return;
  if (target.matches(".more")) toggleMenu(view, rowOf(view, target), target, 0);
  else if (target.matches("button")) act(view, target.dataset.act, [rowOf(view, target).id]);
  else follow(view, event, target);
}

function onRowKey(view, event) {
  const indexes = { ArrowDown: 0, ArrowUp: -1 };
  if (!event.target.matches(".more") || !(event.key in indexes)) return;
  event.preventDefault();
  toggleMenu(view, rowOf(view, event.target), event.target, indexes[event.key]);
}
