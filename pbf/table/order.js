// In which order the rows stand, and the controls that say and change it.

const COLUMNS = [
  ["Connector", "name"],
  ["Service", "service"],
  ["Status", "status"],
  ["Last success", "last"],
  ["Frequency", ""],
  ["Actions", ""],
];
const SORTS = [
  ["", "As listed"],
  ["name", "Name"],
  ["service", "Service"],
  ["status", "Most urgent first"],
  ["-last", "Last success, newest first"],
  ["last", "Last success, oldest first"],
];
const KEYS = {
  name: (row) => fold(row.name),
  service: (row) => fold(row.serviceName),
  status: (row) => `${TONE_ORDER.indexOf(row.tone)} ${row.status}`,
  last: (row) => row.last ?? Infinity,
};

function sorted(rows, order) {
  const column = order.replace(/^-/, "");
  if (!column) return rows;
  const sign = order.startsWith("-") ? -1 : 1;
  const keyed = rows.map((row) => [KEYS[column](row), row]);
  // A connector that never succeeded comes last in both directions.
  const missing = (key) => (key === Infinity ? 1 : 0);
  keyed.sort(([a], [b]) => missing(a) - missing(b) || sign * (a > b ? 1 : a < b ? -1 : 0));
  return keyed.map((each) => each[1]);
}

function showHead(view) {
  const column = view.order.replace(/^-/, "");
  const direction = view.order.startsWith("-") ? "descending" : "ascending";
  const html = COLUMNS.map(([label, name]) => {
    if (!name) return `<th role="columnheader" scope="col">${label}</th>`;
    const now = name === column ? direction : "none";
    return `<th role="columnheader" scope="col" aria-sort="${now}"><button type="button"
      data-sort="${name}">${label}<span class="arrow" aria-hidden="true"></span></button></th>`;
  }).join("");
  if (view.headHtml === html) return;
  view.headHtml = html;
  const at = focused(view.root)?.dataset?.sort;
  view.head.innerHTML = html;
  if (at) view.head.querySelector(`[data-sort=${at}]`).focus();
  const known = SORTS.some(([value]) => value === view.order);
  const other = known ? [] : [[view.order, "By column"]];
  view.sort.innerHTML = [...SORTS, ...other]
    .map(([value, text]) => `<option value="${escapeHtml(value)}">${text}</option>`).join("");
  view.sort.value = view.order;
}

function showStatuses(view, found) {
  const tones = new Map(view.rows.map((row) => [row.status, TONE_ORDER.indexOf(row.tone)]));
  const counts = new Map();
  for (const row of found) counts.set(row.status, (counts.get(row.status) ?? 0) + 1);
  const names = [...tones.keys()].sort((a, b) => tones.get(a) - tones.get(b) || a.localeCompare(b));
  if (view.status && !tones.has(view.status)) names.unshift(view.status);
  const choices = names.map((name) => [name, name, counts.get(name) ?? 0]);
  drawChips(view.chips, [["", "All", found.length], ...choices], view.status);
}
