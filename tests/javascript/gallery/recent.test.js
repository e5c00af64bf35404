import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { MAX_RECENT, addRecent, recentIds } from "../../../pbf/components/gallery/recent.js";

beforeEach(() => {
  const stored = new Map();
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    value: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
  });
});

test("the latest comes first, each once, and no more than a dozen", () => {
  for (let number = 0; number < 20; number += 1) addRecent(`s${number}`, "ada");
  addRecent("s10", "ada");

  assert.equal(recentIds("ada").length, MAX_RECENT);
  assert.deepEqual(recentIds("ada").slice(0, 3), ["s10", "s19", "s18"]);
});

test("another owner has none, and the first one's are forgotten", () => {
  addRecent("a", "ada");

  assert.deepEqual(recentIds("bob"), []);
  assert.deepEqual(recentIds("ada"), []);
});

for (const text of ["{", "null", '"text"', '["a"]', '{"owner": "ada"}']) {
  test(`stored text ${text} counts as nothing`, () => {
    localStorage.setItem("pbf.recent", text);

    assert.deepEqual(recentIds("ada"), []);
  });
}

test("storage that is forbidden or full disturbs nothing", () => {
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get() {
      throw new Error("forbidden");
    },
  });

  addRecent("a", "ada");

  assert.deepEqual(recentIds("ada"), []);
});
