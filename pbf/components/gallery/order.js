// The order of the cards, and how many there are in each category.

import { MAX_RECENT } from "./recent.js";

const LAST = 10000;

// Sets `placeByUse` of each card: services that the user opened or connected come first, then the
// most popular ones.
export function placeByUse(cards, recentIds) {
  const placeOf = (card) => {
    const index = recentIds.indexOf(card.id);
    if (index >= 0) return index;
    return card.yours ? MAX_RECENT : LAST;
  };
  const keys = new Map(cards.map((card) => [card, [placeOf(card), card.popular ?? LAST]]));
  const compare = (a, b) => keys.get(a)[0] - keys.get(b)[0] || keys.get(a)[1] - keys.get(b)[1];
  [...cards]
    .sort((a, b) => compare(a, b) || a.placeByName - b.placeByName)
    .forEach((card, index) => (card.placeByUse = index));
}

// Returns the property of a card that holds its place in a sort order.
export function placeKey(sort) {
  return sort === "name" ? "placeByName" : "placeByUse";
}

// Returns [category, number of cards] as a map, the largest first.
export function countByCategory(cards) {
  const counts = new Map();
  for (const card of cards) counts.set(card.category, (counts.get(card.category) ?? 0) + 1);
  return new Map([...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])));
}
