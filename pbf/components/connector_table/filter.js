// Which rows match the search and the filters, and how many each choice would show.

import { fold } from "../shared/text.js";
import { serverTime } from "./clock.js";
import { inOrder } from "./order.js";
import { inRange } from "./range.js";

// Returns the rows that contain every word of the search. If the text only grew since the last
// search, it looks among the last matches.
function searched(view) {
  const typed = fold(view.search.value).trim();
  const { lastSearch } = view;
  const isSameList = lastSearch && lastSearch.order === view.order && lastSearch.range === view.range;
  const isLonger = isSameList && typed.startsWith(lastSearch.typed);
  if (isLonger && typed === lastSearch.typed) return lastSearch.rows;
  const words = typed.split(/\s+/).filter(Boolean);
  const candidates = isLonger
    ? lastSearch.rows : inRange(inOrder(view, view.order), view.range, serverTime(view));
  const rows = words.length
    ? candidates.filter((row) => words.every((word) => row.words.includes(word))) : candidates;
  view.lastSearch = { typed, order: view.order, range: view.range, rows };
  return rows;
}

// Returns the rows to show, and the numbers for each choice, which do not depend on the order.
export function filtered(view) {
  const matches = searched(view);
  const { status, category, range, rows } = view;
  const shown = status || category ? matches.filter((row) => hasChoices(row, status, category)) : matches;
  const inputs = [view.lastSearch.typed, status, category, range, rows];
  if (!view.counts || inputs.some((input, index) => input !== view.counts.inputs[index])) {
    view.counts = { inputs, ...countChoices(matches, status, category) };
  }
  return { shown, ...view.counts };
}

function hasChoices(row, status, category) {
  return (!status || row.status === status) && (!category || row.category === category);
}

// Returns how many rows each status has within the category, and each category with the status.
export function countChoices(rows, status, category) {
  const statuses = new Map();
  const categories = new Map();
  let inCategory = 0;
  let inStatus = 0;
  for (const row of rows) {
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
