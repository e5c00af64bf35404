// The columns, and the controls that show and change the order.

import { escapeHtml } from "../shared/html.js";
import { columnOf } from "./order.js";

// [label, name in an order, class]
export const COLUMNS = [
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

export function drawHead(view) {
  view.head.innerHTML = COLUMNS.map(([label, name, kind]) => {
    if (kind === "pick") return `<th role="columnheader" scope="col" class="pick"><label class="pick">
      <input type="checkbox" data-pick="all" aria-label="Choose all shown"><span>Choose all shown</span></label></th>`;
    if (!name) return `<th role="columnheader" scope="col" class="${kind}">${label}</th>`;
    return `<th role="columnheader" scope="col" class="${kind}" aria-sort="none"><button type="button"
      data-sort="${name}">${label}<span class="arrow" aria-hidden="true"></span></button></th>`;
  }).join("");
}

export function showOrder(view) {
  if (view.shownOrder === view.order) return;
  view.shownOrder = view.order;
  const column = columnOf(view.order);
  const direction = view.order.startsWith("-") ? "descending" : "ascending";
  for (const button of view.head.querySelectorAll("[data-sort]")) {
    button.parentElement.setAttribute("aria-sort", button.dataset.sort === column ? direction : "none");
  }
  const isListed = SORTS.some(([value]) => value === view.order);
  const unlisted = isListed ? [] : [[view.order, "By column"]];
  const html = [...SORTS, ...unlisted]
    .map(([value, text]) => `<option value="${escapeHtml(value)}">${text}</option>`).join("");
  if (view.sortHtml !== html) view.sort.innerHTML = view.sortHtml = html;
  view.sort.value = view.order;
}

// Returns the order after a click on a column's header: ascending, descending, as listed.
export function nextOrder(order, column) {
  return { [column]: `-${column}`, [`-${column}`]: "" }[order] ?? column;
}
