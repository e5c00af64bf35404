// Moving among the cards by keyboard.

import { settle } from "./grid.js";

export function onKey(view, event, clearSearch) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (view.pause && event.key.length > 1) settle(view); // the focus may move to a card not drawn yet
  if (event.key === "Escape") {
    if (event.target === view.search) clearSearch();
    moveTo(event, view.search);
    return;
  }
  const links = [...view.list.querySelectorAll(".open")];
  if (event.target === view.search) {
    if (event.key === "ArrowDown" || event.key === "Enter") moveTo(event, links[0]);
    return;
  }
  const index = links.indexOf(event.target);
  if (index < 0) return;
  const columns = getComputedStyle(view.list).gridTemplateColumns.split(" ").length;
  if (event.key === "ArrowUp" && index < columns) moveTo(event, view.search);
  else moveTo(event, links[targetIndex(event.key, index, links.length, columns)]);
}

// Returns the index of the card that a key leads to; undefined for a key that moves nowhere.
export function targetIndex(key, index, total, columns) {
  if (key === "Home") return 0;
  if (key === "End") return total - 1;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  return key in steps ? Math.min(index + steps[key], total - 1) : undefined;
}

function moveTo(event, target) {
  if (!target) return;
  event.preventDefault();
  target.focus();
}
