import assert from "node:assert/strict";
import { test } from "node:test";

import { act } from "../../../pbf/components/connector_table/actions.js";

test("a double click is sent once, another action or a later click again", (t) => {
  let now = 1000;
  t.mock.method(Date, "now", () => now);
  const requests = [];
  const view = { send: (name, { nonce, ...request }) => requests.push({ name, ...request, hasNonce: Boolean(nonce) }) };

  act(view, "sync", ["a", "b"]);
  now += 999;
  act(view, "sync", ["a", "b"]);
  act(view, "sync", ["a"]);
  now += 1000;
  act(view, "sync", ["a"]);

  assert.deepEqual(requests.map(({ ids }) => ids), [["a", "b"], ["a"], ["a"]]);
  assert.deepEqual(requests[0], { name: "act", action: "sync", ids: ["a", "b"], hasNonce: true });
});
