// The table of connectors: all of them in memory, a hundred more drawn as one scrolls on.

const CHUNK = 100;
const AHEAD = "800px";
const TICK_MS = 30000;
const TWICE_MS = 1000; // the same action again so soon is a double click
const CLOCK = "pbf.clock";
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
  const names = ["search", "clear", "sort", "chips", "count", "table", "head", "body", "nothing", "menu"];
  const view = {
    ...Object.fromEntries(names.map((name) => [name, part(name)])),
    root,
    end: part("more"),
    address: openAddress(["q", "status", "sort"]),
    rows: [],
    shown: [],
    drawn: new Map(),
    limit: CHUNK,
    status: "",
    order: "",
  };
  const releases = [listen(view), listenMenu(view), watchEnd(view), tick(view)];
  placeBelowHeader(root);
  return { view, leave: () => releases.forEach((release) => release()) };
}

function show(view, data) {
  if (view.version === data.version) return;
  const first = view.version === undefined;
  const restored = view.address.noted();
  view.version = data.version;
  view.detail = data.detail;
  view.offset = clockOffset(data.now);
  const known = new Set(view.rows.filter((row) => row.isMarked).map((row) => row.id));
  view.rows = unpack(data);
  view.root.hidden = !view.rows.length;
  if (first) {
    readAddress(view);
    view.limit = restored.drawn || CHUNK;
    apply(view);
  } else keepPlace(view, () => apply(view));
  if (first && restored.top) restoreScroll(restored.top);
  else goTo(view, view.shown.find((row) => row.isMarked && !known.has(row.id)));
}

function readAddress(view) {
  const wanted = view.address.read();
  view.search.value = wanted.q;
  view.status = wanted.status;
  view.order = wanted.sort.replace(/^-/, "") in KEYS ? wanted.sort : "";
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
// Search, status, order

function apply(view) {
  const words = fold(view.search.value).split(/\s+/).filter(Boolean);
  const found = view.rows.filter((row) => words.every((word) => row.words.includes(word)));
  view.shown = sorted(view.status ? found.filter((row) => row.status === view.status) : found, view.order);
  const [part, all] = [view.shown.length, view.rows.length].map((each) => each.toLocaleString("en"));
  view.count.textContent = `${part} of ${all} connectors`;
  view.table.hidden = !view.shown.length;
  view.table.setAttribute("aria-rowcount", view.shown.length + 1);
  showHead(view);
  showStatuses(view, found);
  showNothing(view);
  draw(view);
}

function showNothing(view) {
  view.nothing.hidden = view.shown.length > 0;
  if (view.shown.length) return;
  const typed = view.search.value.trim();
  const what = typed ? ` \u201c${escapeHtml(typed)}\u201d` : "";
  const where = view.status ? ` with the status \u201c${escapeHtml(view.status)}\u201d` : "";
  view.nothing.innerHTML = `<p>No connector matches${what}${where}.</p>
    <button type="button" class="button">Clear filters</button>`;
}

function change(view, values) {
  if (values.q !== undefined) view.search.value = values.q;
  if (values.status !== undefined) view.status = values.status;
  if (values.order !== undefined) view.order = values.order;
  view.limit = CHUNK;
  closeMenu(view);
  apply(view);
  const address = { q: view.search.value.trim(), status: view.status, sort: view.order };
  view.address.write(address, { drawn: CHUNK });
}

// ---------------------------------------------------------------------------------------------
// Drawing: rows keep their elements, by id, so that focus and what one reads stay

function draw(view) {
  const rows = view.shown.slice(0, view.limit);
  const wanted = new Set(rows.map((row) => row.id));
  for (const [id, { element }] of view.drawn) {
    if (wanted.has(id)) continue;
    element.remove();
    view.drawn.delete(id);
  }
  let after = view.body.firstElementChild;
  for (const [index, row] of rows.entries()) {
    const element = drawRow(view, row, index);
    if (element === after) after = after.nextElementSibling;
    else view.body.insertBefore(element, after);
  }
  view.end.hidden = rows.length === view.shown.length;
  refreshMenu(view);
}

function drawRow(view, row, index) {
  const cells = cellsOf(row, view.detail);
  const old = view.drawn.get(row.id);
  const element = old?.element ?? newRow(row.id);
  element.classList.toggle("marked", row.isMarked);
  element.setAttribute("aria-rowindex", index + 2);
  cells.forEach((html, column) => {
    if (old?.cells[column] === html) return;
    element.children[column].innerHTML = html;
    watchIcons(element.children[column]);
  });
  tickTimes(element, clock(view));
  view.drawn.set(row.id, { element, cells });
  return element;
}

function newRow(id) {
  const element = document.createElement("tr");
  element.className = "row";
  element.dataset.id = id;
  element.setAttribute("role", "row");
  element.innerHTML = COLUMNS.map(([label]) => `<td role="cell" data-label="${label}"></td>`).join("");
  return element;
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
  view.limit = Math.max(view.limit, view.shown.indexOf(row) + CHUNK);
  draw(view);
  requestAnimationFrame(() => view.drawn.get(row.id)?.element.scrollIntoView({ block: "nearest" }));
}

function watchEnd(view) {
  const watcher = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    view.limit += CHUNK;
    draw(view);
    view.address.write({}, { drawn: view.limit });
    watcher.unobserve(view.end); // it reports again even if it never went out of sight
    watcher.observe(view.end);
  }, { root: scroller(), rootMargin: AHEAD });
  watcher.observe(view.end);
  return () => watcher.disconnect();
}

function tick(view) {
  const timer = setInterval(() => tickTimes(view.body, clock(view)), TICK_MS);
  return () => clearInterval(timer);
}

// ---------------------------------------------------------------------------------------------
// Events

function listen(view) {
  const { root, search, sort, chips, head, body, nothing, menu, address } = view;
  const startAgain = (values) => {
    change(view, { q: "", ...values });
    search.focus();
  };
  search.oninput = () => change(view, {});
  sort.onchange = () => change(view, { order: sort.value });
  view.clear.onclick = () => startAgain({});
  nothing.onclick = (event) => event.target.closest("button") && startAgain({ status: "" });
  onChip(chips, (status) => change(view, { status: status === view.status ? "" : status }));
  head.onclick = (event) => {
    const column = event.target.closest("button")?.dataset.sort;
    const following = { [column]: `-${column}`, [`-${column}`]: "" };
    if (column) change(view, { order: following[view.order] ?? column });
  };
  body.onclick = (event) => onRowClick(view, event);
  body.onkeydown = (event) => onRowKey(view, event);
  menu.onclick = (event) => {
    const item = event.target.closest("[role=menuitem]");
    if (!item) return;
    const id = view.menuOf;
    closeMenu(view, { focus: true });
    if (item.dataset.act) act(view, item.dataset.act, id);
  };
  root.onkeydown = (event) => {
    if (event.key !== "Escape" || event.target !== search) return;
    event.preventDefault();
    change(view, { q: "" });
  };
  return followPage(search, address, () => {
    readAddress(view);
    apply(view);
  });
}

function rowOf(view, element) {
  const id = element.closest(".row").dataset.id;
  return view.rows.find((row) => row.id === id);
}

function onRowClick(view, event) {
  const target = event.target.closest("[data-act]");
  if (!target) return;
  if (target.matches(".more")) toggleMenu(view, target, 0);
  else if (target.matches("button")) act(view, target.dataset.act, rowOf(view, target).id);
  else if (isPlainClick(event)) {
    event.preventDefault();
    view.address.flush();
    openPage(target.href);
  }
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

function act(view, action, id) {
  const now = Date.now();
  const { last } = view;
  if (last && last.action === action && last.id === id && now - last.at < TWICE_MS) return;
  view.last = { action, id, at: now };
  view.send("act", { action, id, nonce: `${now}-${Math.random()}` });
}
