// The table of connectors: all of them in memory, more drawn as one scrolls on.

const TICK_MS = 30000;
const TWICE_MS = 1000; // the same action again so soon is a double click
const CLOCK = "pbf.clock";
const PARTS = [
  ...["strip", "search", "clear", "kind", "sort", "chips", "count", "download", "table", "head"],
  ...["body", "nothing", "menu", "bar", "chosenCount", "rangeChip"],
];
const tables = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".connectors");
  if (!tables.has(root)) tables.set(root, openTable(root));
  const table = tables.get(root);
  table.view.send = setTriggerValue;
  show(table.view, data);
  return table.leave;
}

function openTable(root) {
  const part = (name) => root.querySelector(`[data-part=${name}]`);
  const view = {
    ...Object.fromEntries(PARTS.map((name) => [name, part(name)])),
    root,
    end: part("more"),
    mould: document.createElement("template"),
    address: openAddress(["q", "status", "category", "sort", ...RANGE_NAMES]),
    rows: [],
    shown: [],
    orders: new Map(),
    drawn: new Map(),
    spare: new Map(),
    chosen: new Set(),
    limit: windowful(),
    step: 8,
    status: "",
    category: "",
    order: "",
    range: null,
  };
  drawHead(view);
  listenChosen(view);
  listenUnfinished(view);
  const releases = [listen(view), listenMenu(view), watchEnd(view), tick(view)];
  placeBelowHeader(root);
  return { view, leave: () => releases.forEach((release) => release()) };
}

async function show(view, parcel) {
  const opened = await openNew(view, parcel);
  if (!opened) return;
  const { detail, now, body, first } = opened;
  const restored = view.address.noted();
  view.detail = detail;
  view.offset = clockOffset(now);
  const known = new Set(view.rows.filter((row) => row.isMarked).map((row) => row.id));
  takeRows(view, unpack(body));
  if (first) {
    readAddress(view);
    view.limit = Math.max(view.limit, restored.drawn || 0);
    apply(view);
  } else keepPlace(view, () => apply(view));
  if (first && restored.top) restoreScroll(restored.top);
  else goTo(view, view.shown.find((row) => row.isMarked && !known.has(row.id)));
  drawOn(view);
}

function takeRows(view, rows) {
  view.rows = rows;
  view.orders = new Map([["", rows]]);
  view.found = undefined;
  view.root.hidden = !rows.length;
  forgetGone(view);
  listChoices(view);
  showUnfinished(view);
  // Sorting thousands takes longer than a gesture may, so it is done before somebody asks.
  for (const order of Object.keys(KEYS)) idle(() => view.rows === rows && inOrder(view, order));
}

function readAddress(view) {
  const wanted = view.address.read();
  view.search.value = wanted.q;
  view.status = wanted.status;
  view.category = wanted.category;
  view.order = wanted.sort.replace(/^-/, "") in KEYS ? wanted.sort : "";
  view.range = rangeOf(wanted);
}

// The times are told by the server's clock. A version keeps the time of its first drawing, so the
// difference is taken once for each and kept while the tab lives.
function clockOffset(now) {
  const offset = Date.parse(now) - Date.now();
  try {
    const kept = JSON.parse(sessionStorage.getItem(CLOCK));
    if (kept?.now === now) return kept.offset;
    sessionStorage.setItem(CLOCK, JSON.stringify({ now, offset }));
  } catch {
    // Without storage a return to the page tells times from the first drawing.
  }
  return offset;
}

function clock(view) {
  return Date.now() + view.offset;
}

// ---------------------------------------------------------------------------------------------
// Search, status, category, order

function apply(view) {
  const found = filtered(view);
  view.shown = found.shown;
  const [part, all] = [view.shown.length, view.rows.length].map((each) => NUMBERS.format(each));
  view.count.textContent = `${part} of ${all} connectors`;
  view.download.disabled = !view.shown.length;
  view.table.hidden = !view.shown.length;
  view.table.setAttribute("aria-rowcount", view.shown.length + 1);
  showHead(view);
  showStatuses(view, found);
  showCategories(view, found);
  showRange(view);
  showNothing(view);
  draw(view);
  showChosen(view);
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

function change(view, values) {
  if (values.q !== undefined) view.search.value = values.q;
  if (values.status !== undefined) view.status = values.status;
  if (values.category !== undefined) view.category = values.category;
  if (values.order !== undefined) view.order = values.order;
  if (values.range !== undefined) view.range = values.range;
  view.limit = windowful(view);
  view.step = 8;
  closeMenu(view);
  apply(view);
  if (view.kind.value !== view.category) view.kind.value = view.category;
  const { status, category, order: sort, limit: drawn } = view;
  const typed = view.search.value.trim();
  view.address.write({ q: typed, status, category, sort, ...rangeAddress(view.range) }, { drawn });
  requestAnimationFrame(() => drawOn(view)); // not before what was asked for is painted
}

// ---------------------------------------------------------------------------------------------
// Events

function listen(view) {
  const { root, search, sort, kind, chips, head, body, nothing, menu, address } = view;
  const startAgain = (values) => {
    change(view, values);
    search.focus();
  };
  search.oninput = () => change(view, {});
  sort.onchange = () => change(view, { order: sort.value });
  kind.onchange = () => change(view, { category: kind.value });
  view.clear.onclick = () => startAgain({ q: "" });
  view.download.onclick = () => download(view);
  nothing.onclick = (event) => event.target.closest("button") && startAgain({ q: "", status: "", category: "", range: null });
  view.rangeChip.onclick = () => startAgain({ range: null });
  onChip(chips, (status) => change(view, { status: status === view.status ? "" : status }));
  head.onclick = (event) => {
    const column = event.target.closest("button")?.dataset.sort;
    const following = { [column]: `-${column}`, [`-${column}`]: "" };
    if (column) change(view, { order: following[view.order] ?? column });
    else if (event.target.matches("[data-pick]")) onPick(view, event.target, event);
  };
  body.onclick = (event) => onRowClick(view, event);
  body.onkeydown = (event) => onRowKey(view, event);
  menu.onclick = (event) => onMenuClick(view, event);
  root.onkeydown = (event) => {
    if (event.key !== "Escape" || event.target !== search) return;
    event.preventDefault();
    change(view, { q: "" });
  };
  return followPage(search, address, () => {
    readAddress(view);
    apply(view);
    view.kind.value = view.category;
    drawOn(view);
  });
}

function onMenuClick(view, event) {
  const item = event.target.closest("[role=menuitem]");
  if (!item) return;
  const id = view.menuOf;
  closeMenu(view, { focus: true });
  if (item.dataset.act) act(view, item.dataset.act, [id]);
}

function rowOf(view, element) {
  const id = element.closest(".row").dataset.id;
  return view.rows.find((row) => row.id === id);
}

function onRowClick(view, event) {
  if (event.target.matches("[data-pick]")) return onPick(view, event.target, event);
  const target = event.target.closest("[data-act]");
  if (!target) return;
  if (target.matches(".more")) toggleMenu(view, target, 0);
  else if (target.matches("button")) act(view, target.dataset.act, [rowOf(view, target).id]);
  else follow(view, event, target);
}

function follow(view, event, link) {
  if (!isPlainClick(event)) return;
  event.preventDefault();
  view.address.flush();
  openPage(link.href);
}

function toggleMenu(view, button, at) {
  const row = rowOf(view, button);
  if (view.menuOf === row.id) closeMenu(view);
  else openMenu(view, row, button, at);
}

function onRowKey(view, event) {
  const places = { ArrowDown: 0, ArrowUp: -1 };
  if (!event.target.matches(".more") || !(event.key in places)) return;
  event.preventDefault();
  toggleMenu(view, event.target, places[event.key]);
}

function act(view, action, ids) {
  const now = Date.now();
  const what = `${action} ${ids.join(" ")}`;
  if (view.last?.what === what && now - view.last.at < TWICE_MS) return;
  view.last = { what, at: now };
  view.send("act", { action, ids, nonce: `${now}-${Math.random()}` });
}
