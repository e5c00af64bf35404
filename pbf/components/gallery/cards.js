// A service as a card.

import { escapeHtml, safeUrl } from "../shared/html.js";
import { iconHtml, watchIcons } from "../shared/icons.js";
import { pageUrl } from "../shared/links.js";

export const PAGE = "connect";
const MARK_COLORS = { Beta: "blue", Preview: "violet", Sunset: "orange", "In Fivetran only": "orange" };
const FIRST_SCREEN = 32;
export const REPORTS_VISIBILITY = "ContentVisibilityAutoStateChangeEvent" in globalThis;

// The payload lists the cards by name.
export function unpack({ categories, cards }) {
  return cards.map(([id, name, category, description, icon, docs, more], placeByName) =>
    ({ id, name, category: categories[category], description, icon, docs, placeByName, highlightedFor: "", ...more }));
}

// Where cards lead; "" if they are chosen instead.
export function linkOf(view) {
  return view.chooses ? "" : pageUrl(PAGE, { service: "" });
}

export function titleHtml(link, card) {
  const [name, id] = [escapeHtml(card.name), escapeHtml(card.id)];
  if (!link) return `<button type="button" class="open" aria-pressed="false" data-id="${id}">${name}</button>`;
  const href = escapeHtml(link.replace("service=", `service=${encodeURIComponent(card.id)}`));
  return `<a class="open" href="${href}" data-id="${id}">${name}</a>`;
}

export function makeCards(view, cards) {
  view.list.innerHTML = cards.map(cardHtml(linkOf(view))).join("");
  let element = view.list.firstElementChild;
  for (const card of cards) {
    card.element = element;
    view.byElement.set(element, card);
    element = element.nextElementSibling;
  }
  view.shown = cards;
  for (const card of REPORTS_VISIBILITY ? cards.slice(0, FIRST_SCREEN) : cards) drawIcon(card);
}

// Keeps the HTML of a card minimal, since all cards are made before the first one is shown. An h3
// would send Chromium's parser down its slow path, which takes three times as long.
export function cardHtml(link) {
  return (card) => {
    const name = escapeHtml(card.name);
    const docs = safeUrl(card.docs);
    const mark = card.mark
      ? `<span class="badge ${MARK_COLORS[card.mark] ?? "blue"}">${escapeHtml(card.mark)}</span>` : "";
    const yours = card.yours ? `<span class="badge yours">${Number(card.yours)} connected</span>` : "";
    const documentation = docs
      ? `<a class="docs" href="${escapeHtml(docs)}" target="_blank" rel="noopener" aria-label="${name} documentation">Docs</a>`
      : "";
    return `<li class="card"><span class="icon"></span>`
      + `<div class="name" role="heading" aria-level="3">${titleHtml(link, card)}</div>${mark}`
      + `<p class="description">${escapeHtml(card.description)}</p>`
      + `<div class="foot"><span>${escapeHtml(card.category)}</span>${yours}${documentation}</div></li>`;
  };
}

export function markChosen(view, id) {
  for (const card of view.cards) {
    const isChosen = card.id === id;
    if (Boolean(card.isChosen) === isChosen) continue;
    card.isChosen = isChosen;
    card.element.classList.toggle("chosen", isChosen);
    titleOf(card).setAttribute("aria-pressed", String(isChosen));
  }
}

export function titleOf(card) {
  return card?.element.querySelector(".open");
}

// Called for visible cards only: hundreds of pictures slow the page down even while none is loaded.
export function drawIcon(card) {
  if (card.hasIcon) return;
  card.hasIcon = true;
  card.element.querySelector(".icon").outerHTML = iconHtml(card.id, card.name, card.icon);
  watchIcons(card.element);
}
