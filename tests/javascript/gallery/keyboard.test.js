import assert from "node:assert/strict";
import { test } from "node:test";

import { targetIndex } from "../../../pbf/components/gallery/keyboard.js";

const MOVES = [
  ["ArrowRight", 4, 5],
  ["ArrowLeft", 4, 3],
  ["ArrowDown", 4, 7],
  ["ArrowUp", 4, 1],
  ["ArrowDown", 8, 9],
  ["Home", 4, 0],
  ["End", 4, 9],
  ["a", 4, undefined],
];
for (const [key, from, to] of MOVES) {
  test(`${key} leads from card ${from} of ten in three columns to ${to}`, () => {
    assert.equal(targetIndex(key, from, 10, 3), to);
  });
}
