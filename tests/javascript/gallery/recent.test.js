import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { MAX_RECENT, addRecent, recentIds } from "../../../pbf/components/gallery/recent.js";

beforeEach(() => {
  const stored = new Map();
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    value: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) },
  });
});

test("the latest comes first, each once, and no more than a dozen", () => {
  for (let number = 0; number < 20; number += 1) addRecent(`s${number}`);
  addRecent("s10");

  assert.equal(recentIds().length, MAX_RECENT);
  assert.deepEqual(recentIds().slice(0, 3), ["s10", "s19", "s18"]);
});

for (const text of ["{", "null", '"text"']) {
  test(`stored text ${text} counts as nothing`, () => {
    localStorage.setItem("pbf.recent", text);

    assert.deepEqual(recentIds(), []);
  });
}

test("storage that is forbidden or full disturbs nothing", () => {
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new Error("forbidden");
    },
  });

  addRecent("a");

  assert.deepEqual(recentIds(), []);
});
