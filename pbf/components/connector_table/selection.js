// The selected rows, and the bar with the bulk actions. Only ids are kept and sent: a row that moves
// stays selected, a row that disappears does not, and no other row takes its place.

import { NUMBERS } from "../shared/chips.js";
import { act } from "./actions.js";

const CLEARING = new Set(["sync", "pause", "resume"]); // these need no confirmation

function select(view, id, isSelected) {
  if (isSelected) view.selection.add(id);
  else view.selection.delete(id);
}

export function onSelect(view, box, event) {
  if (box.dataset.pick === "all") {
    for (const row of view.shown) select(view, row.id, box.checked);
  } else {
    const { id } = box.closest(".row").dataset;
    for (const rowId of event.shiftKey ? idsBetween(view.shown, view.lastSelected, id) : [id]) {
      select(view, rowId, box.checked);
    }
    view.lastSelected = id;
  }
  showSelection(view);
}

// Returns the ids from one row to another in the order shown; only the second if one is not shown.
export function idsBetween(rows, from, to) {
  const indexes = [from, to].map((id) => rows.findIndex((row) => row.id === id));
  if (indexes.includes(-1)) return [to];
  return rows.slice(Math.min(...indexes), Math.max(...indexes) + 1).map((row) => row.id);
}

// Removes the ids that no row has any more.
export function pruneSelection(view) {
  if (!view.selection.size) return;
  const ids = new Set(view.rows.map((row) => row.id));
  for (const id of view.selection) if (!ids.has(id)) view.selection.delete(id);
}

export function showSelection(view) {
  const { size } = view.selection;
  const inView = size ? view.shown.reduce((sum, row) => sum + view.selection.has(row.id), 0) : 0;
  const all = view.head.querySelector("[data-pick=all]");
  all.checked = inView > 0 && inView === view.shown.length;
  all.indeterminate = inView > 0 && inView < view.shown.length;
  for (const [id, { element }] of view.drawn) markSelected(view, id, element);
  const outside = size > inView ? `, ${NUMBERS.format(size - inView)} not in view` : "";
  view.bar.hidden = !size;
  view.selectionCount.textContent = size ? `${NUMBERS.format(size)} chosen${outside}` : "";
}

export function markSelected(view, id, element) {
  const isSelected = view.selection.has(id);
  const box = element.firstElementChild.querySelector("input");
  if (box.checked !== isSelected) box.checked = isSelected;
  element.classList.toggle("selected", isSelected);
}

export function listenSelection(view) {
  view.bar.onclick = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { bulk } = button.dataset;
    if (bulk) act(view, bulk, [...view.selection]);
    if (bulk && !CLEARING.has(bulk)) return;
    view.selection.clear();
    showSelection(view);
    view.head.querySelector("[data-pick=all]").focus({ preventScroll: true });
  };
}
