import assert from "node:assert/strict";
import { test } from "node:test";

import { countByCategory, placeByUse, placeKey } from "../../../pbf/components/gallery/order.js";

const CARDS = () => [
  { id: "a", category: "Files", placeByName: 0 },
  { id: "b", category: "Sales", placeByName: 1, popular: 1 },
  { id: "c", category: "Sales", placeByName: 2, popular: 0 },
  { id: "d", category: "Ads", placeByName: 3, yours: 2 },
  { id: "e", category: "Files", placeByName: 4 },
];

function order(recentIds) {
  const cards = CARDS();
  placeByUse(cards, recentIds);
  return cards.sort((a, b) => a.placeByUse - b.placeByUse).map((card) => card.id);
}

test("connected services come first, then popular ones, then the others by name", () => {
  assert.deepEqual(order([]), ["d", "c", "b", "a", "e"]);
});

test("services opened recently come before all others, the latest first", () => {
  assert.deepEqual(order(["e", "gone", "b"]), ["e", "b", "d", "c", "a"]);
});

test("a sort by name and any other use the place for it", () => {
  assert.equal(placeKey("name"), "placeByName");
  assert.equal(placeKey(""), "placeByUse");
});

test("categories are counted, the largest first, then by name", () => {
  assert.deepEqual([...countByCategory(CARDS())], [["Files", 2], ["Sales", 2], ["Ads", 1]]);
});
