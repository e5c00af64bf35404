// Which rows are shown, in which order, and the controls that say and change it.

const COLUMNS = [
  ["Choose", "", "pick"],
  ["Connector", "name", "connector"],
  ["Service", "service", "service"],
  ["Status", "status", "state"],
  ["Last success", "last", "last"],
  ["Next sync", "next", "next-sync"],
  ["Actions", "", "act"],
];
const SORTS = [
  ["", "As listed"],
  ["name", "Name"],
  ["service", "Service"],
  ["status", "Most urgent first"],
  ["-last", "Last success, newest first"],
  ["last", "Last success, oldest first"],
  ["next", "Next sync, soonest first"],
];
const KEYS = {
  name: (row) => fold(row.name),
  service: (row) => fold(row.serviceName),
  status: (row) => `${TONE_ORDER.indexOf(row.tone)} ${row.status}`,
  last: (row) => row.last ?? Infinity,
  next: (row) => row.due ?? Infinity,
};

// All rows in an order, sorted once for each column.
function inOrder(view, order) {
  if (!view.orders.has(order)) view.orders.set(order, sorted(view, order));
  return view.orders.get(order);
}

// What never happened comes last in both directions.
function sorted(view, order) {
  const column = order.replace(/^-/, "");
  const key = KEYS[column];
  if (order !== column) {
    const rising = inOrder(view, column);
    const first = rising.findIndex((row) => key(row) === Infinity);
    const known = first < 0 ? rising.length : first;
    return [...rising.slice(0, known).reverse(), ...rising.slice(known)];
  }
  const keyed = view.rows.map((row) => [key(row), row]);
  keyed.sort(([a], [b]) => (a > b ? 1 : a < b ? -1 : 0));
  return keyed.map((each) => each[1]);
}

// The rows that hold every word typed. A query that only grew is looked for among what it found.
function searched(view) {
  const typed = fold(view.search.value).trim();
  const { found } = view;
  const same = found && found.order === view.order && found.range === view.range;
  const grew = same && typed.startsWith(found.typed);
  if (grew && typed === found.typed) return found.rows;
  const words = typed.split(/\s+/).filter(Boolean);
  const among = grew ? found.rows : inRange(inOrder(view, view.order), view.range, clock(view));
  const rows = words.length ? among.filter((row) => words.every((word) => row.words.includes(word))) : among;
  view.found = { typed, order: view.order, range: view.range, rows };
  return rows;
}

// What is shown, and for each choice how many there would be. Another order changes no number.
function filtered(view) {
  const found = searched(view);
  const { status, category, range, rows } = view;
  const shown = status || category ? found.filter((row) => fits(row, status, category)) : found;
  const asked = [view.found.typed, status, category, range, rows];
  if (!view.counted || asked.some((each, at) => each !== view.counted.asked[at])) {
    view.counted = { asked, ...counted(found, status, category) };
  }
  return { shown, ...view.counted };
}

function fits(row, status, category) {
  return (!status || row.status === status) && (!category || row.category === category);
}

function counted(found, status, category) {
  const statuses = new Map();
  const categories = new Map();
  let inCategory = 0;
  let inStatus = 0;
  for (const row of found) {
    if (!category || row.category === category) {
      inCategory += 1;
      statuses.set(row.status, (statuses.get(row.status) ?? 0) + 1);
    }
    if (!status || row.status === status) {
      inStatus += 1;
      categories.set(row.category, (categories.get(row.category) ?? 0) + 1);
    }
  }
  return { statuses, categories, inCategory, inStatus };
}

function drawHead(view) {
  view.head.innerHTML = COLUMNS.map(([label, name, kind]) => {
    if (kind === "pick") return `<th role="columnheader" scope="col" class="pick"><label class="pick">
      <input type="checkbox" data-pick="all" aria-label="Choose all shown"><span>Choose all shown</span></label></th>`;
    if (!name) return `<th role="columnheader" scope="col" class="${kind}">${label}</th>`;
    return `<th role="columnheader" scope="col" class="${kind}" aria-sort="none"><button type="button"
      data-sort="${name}">${label}<span class="arrow" aria-hidden="true"></span></button></th>`;
  }).join("");
}

function showHead(view) {
  if (view.headOrder === view.order) return;
  view.headOrder = view.order;
  const column = view.order.replace(/^-/, "");
  const direction = view.order.startsWith("-") ? "descending" : "ascending";
  for (const button of view.head.querySelectorAll("[data-sort]")) {
    button.parentElement.setAttribute("aria-sort", button.dataset.sort === column ? direction : "none");
  }
  const known = SORTS.some(([value]) => value === view.order);
  const other = known ? [] : [[view.order, "By column"]];
  const html = [...SORTS, ...other]
    .map(([value, text]) => `<option value="${escapeHtml(value)}">${text}</option>`).join("");
  if (view.sortHtml !== html) view.sort.innerHTML = view.sortHtml = html;
  view.sort.value = view.order;
}

// The choices are those of all rows, so that none comes and goes while one types.
function listChoices(view) {
  const tones = new Map();
  const categories = new Set();
  for (const row of view.rows) {
    tones.set(row.status, TONE_ORDER.indexOf(row.tone));
    categories.add(row.category);
  }
  view.statuses = [...tones.keys()].sort((a, b) => tones.get(a) - tones.get(b) || a.localeCompare(b));
  view.categories = [...categories].sort((a, b) => a.localeCompare(b));
}

function withChosen(names, chosen) {
  return !chosen || names.includes(chosen) ? names : [chosen, ...names];
}

function showStatuses(view, { statuses, inCategory }) {
  const names = withChosen(view.statuses, view.status);
  const choices = names.map((name) => [name, name, statuses.get(name) ?? 0]);
  drawChips(view.chips, [["", "All", inCategory], ...choices], view.status);
}

function showCategories(view, { categories, inStatus }) {
  const names = withChosen(view.categories, view.category);
  const choices = [["", "All categories", inStatus], ...names.map((name) => [name, name, categories.get(name) ?? 0])];
  const html = choices.map(([value, label, number]) =>
    `<option value="${escapeHtml(value)}">${escapeHtml(label)} (${NUMBERS.format(number)})</option>`).join("");
  view.kind.parentElement.hidden = names.length < 2;
  if (view.kindHtml === html) return;
  view.kindHtml = html;
  view.kind.innerHTML = html;
  view.kind.value = view.category;
}
