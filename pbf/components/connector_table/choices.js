// The filters: the chips of the statuses and the select box of the categories.

import { NUMBERS, drawChips } from "../shared/chips.js";
import { escapeHtml } from "../shared/html.js";
import { TONE_ORDER } from "./rows.js";

// Collects the choices from all rows, so that none comes or goes during a search.
export function listChoices(view) {
  const tones = new Map();
  const categories = new Set();
  for (const row of view.rows) {
    tones.set(row.status, TONE_ORDER.indexOf(row.tone));
    categories.add(row.category);
  }
  view.statuses = [...tones.keys()].sort((a, b) => tones.get(a) - tones.get(b) || a.localeCompare(b));
  view.categories = [...categories].sort((a, b) => a.localeCompare(b));
}

function withSelected(names, selected) {
  return !selected || names.includes(selected) ? names : [selected, ...names];
}

export function showStatuses(view, { statuses, inCategory }) {
  const names = withSelected(view.statuses, view.status);
  const choices = names.map((name) => [name, name, statuses.get(name) ?? 0]);
  drawChips(view.chips, [["", "All", inCategory], ...choices], view.status);
}

export function showCategories(view, { categories, inStatus }) {
  const names = withSelected(view.categories, view.category);
  const choices = [["", "All categories", inStatus], ...names.map((name) => [name, name, categories.get(name) ?? 0])];
  const html = choices.map(([value, label, number]) =>
    `<option value="${escapeHtml(value)}">${escapeHtml(label)} (${NUMBERS.format(number)})</option>`).join("");
  view.kind.parentElement.hidden = names.length < 2;
  if (view.kindHtml === html) return;
  view.kindHtml = html;
  view.kind.innerHTML = html;
  view.kind.value = view.category;
}
