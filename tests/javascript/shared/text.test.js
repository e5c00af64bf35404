import assert from "node:assert/strict";
import { test } from "node:test";

import { fold, plainWords } from "../../../pbf/components/shared/text.js";

test("case and accents do not count, and every character keeps its position", () => {
  assert.equal(fold("Z\u00dcRICH Caf\u00e9"), "zurich cafe");
  for (const text of ["\u0130stanbul", "\u{1F600} \u00e9", "\u{1D15E}x", "\uAC00"]) {
    assert.equal(fold(text).length, text.toLowerCase().length);
  }
});

test("nothing is the empty text", () => {
  assert.equal(fold(null), "");
  assert.equal(plainWords(undefined), "");
});

test("whatever is neither a letter nor a digit separates words", () => {
  assert.equal(plainWords("  Google_Ads (v2) \u2014 D\u00e9j\u00e0-vu "), "google ads v2 deja vu");
});
