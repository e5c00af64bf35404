import assert from "node:assert/strict";
import { test } from "node:test";

import { isPlainClick, pageUrl } from "../../../pbf/components/shared/links.js";

test("a link to a page has its parameters and keeps those of an embedded page alone", () => {
  globalThis.location = new URL("https://dash.example/base/services?q=a&embed=true&embed_options=dark&embed_options=x");

  assert.equal(
    pageUrl("connect", { service: "a&b" }),
    "/base/connect?service=a%26b&embed=true&embed_options=dark&embed_options=x",
  );
});

test("a click with a modifier key or another button is not plain", () => {
  assert.equal(isPlainClick({ button: 0 }), true);
  for (const key of ["metaKey", "ctrlKey", "shiftKey", "altKey"]) {
    assert.equal(isPlainClick({ button: 0, [key]: true }), false);
  }
  assert.equal(isPlainClick({ button: 1 }), false);
});
