import assert from "node:assert/strict";
import { test } from "node:test";

import { askFor } from "../../../pbf/components/gallery/ask.js";

function openView() {
  const sent = [];
  return { sent, send: (name, value) => sent.push([name, value]) };
}

test("the text is sent without the spaces around it, with a nonce", () => {
  const view = openView();

  askFor(view, "  Our CRM ");

  const [[name, { text, nonce }]] = view.sent;
  assert.deepEqual([name, text], ["ask", "Our CRM"]);
  assert.ok(nonce);
});

test("a double click sends it once, another text is another request", () => {
  const view = openView();

  for (const text of ["CRM", "CRM", "ERP"]) askFor(view, text);

  assert.deepEqual(view.sent.map(([, { text }]) => text), ["CRM", "ERP"]);
});
