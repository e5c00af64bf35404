// Which cards are in the grid, and what of them matches the search.

import { REPORTS_VISIBILITY, drawIcon, titleOf } from "./cards.js";
import { RANK, highlighted, matchedAlias } from "./search.js";

// A card with its gap; in a single column the cards are lower.
const CARD_SIZE = { width: 278, height: 162, lowHeight: 74 };
const PAUSE_MS = 150; // an intermediate search needs neither icons nor the cards below the window

// Draws one screen at once, and the rest after a pause. Matches are {card, rank}.
export function fill(view, matches, query) {
  const isSame = matches.length === view.shown.length
    && matches.every((match, index) => match.card === view.shown[index]);
  view.shown = matches.map((match) => match.card);
  view.query = query;
  for (const match of matches) match.card.rank = match.rank;
  const first = isSame ? view.shown : view.shown.slice(0, screenful(view.list));
  for (const card of first) highlightCard(card, query);
  if (isSame) return;
  arrange(view.list, first.map((card) => card.element));
  clearTimeout(view.pause);
  view.pause = setTimeout(() => settle(view), PAUSE_MS);
}

export function settle(view) {
  clearTimeout(view.pause);
  view.pause = 0;
  const { length } = view.list.children;
  if (length < view.shown.length) view.list.append(...view.shown.slice(length).map((card) => card.element));
  for (const card of REPORTS_VISIBILITY ? view.visible : view.shown) complete(view, card);
  view.visible.clear();
}

// The browser reports which cards become visible; it skips all others when it draws.
export function watchVisibility(view) {
  view.list.addEventListener("contentvisibilityautostatechange", (event) => {
    const card = view.byElement.get(event.target);
    if (!card || event.skipped) return;
    view.visible.add(card);
    if (!view.pause) settle(view);
  });
}

function complete(view, card) {
  if (!card.element.isConnected) return;
  drawIcon(card);
  highlightCard(card, view.query);
}

function screenful(list) {
  const { top, width } = list.getBoundingClientRect();
  const columns = Math.max(1, Math.floor(width / CARD_SIZE.width));
  const height = columns > 1 ? CARD_SIZE.height : CARD_SIZE.lowHeight;
  return columns * Math.ceil((innerHeight - Math.max(0, top)) / height);
}

// Moves as few elements as it can: an element that is not moved keeps its layout.
function arrange(list, elements) {
  const kept = new Set(elements);
  const removed = [...list.children].filter((element) => !kept.has(element));
  if (removed.length === list.children.length) {
    list.replaceChildren(...elements);
    return;
  }
  for (const element of removed) element.remove();
  let next = list.firstElementChild;
  for (const element of elements) {
    if (element === next) next = next.nextElementSibling;
    else list.insertBefore(element, next);
  }
}

function highlightCard(card, query) {
  if (card.highlightedFor === query.whole) return;
  card.highlightedFor = query.whole;
  fillHighlighted(titleOf(card), highlighted(card.name, query));
  const alias = card.rank === RANK.word || card.rank === RANK.alias ? matchedAlias(card, query) : "";
  if (!alias && !card.alias) return;
  card.alias = alias;
  const foot = card.element.querySelector(".foot");
  foot.querySelector(".why")?.remove();
  foot.classList.toggle("full", Boolean(alias && card.yours));
  if (!alias) return;
  const why = Object.assign(document.createElement("span"), { className: "why" });
  fillHighlighted(why, [["also ", false], ...highlighted(alias, query)]);
  foot.firstElementChild.after(why);
}

function fillHighlighted(element, parts) {
  element.replaceChildren(...parts.map(([text, isMatch]) =>
    isMatch ? Object.assign(document.createElement("mark"), { textContent: text }) : text));
}
