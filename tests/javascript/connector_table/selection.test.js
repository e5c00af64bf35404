import assert from "node:assert/strict";
import { test } from "node:test";

import { idsBetween, pruneSelection } from "../../../pbf/components/connector_table/selection.js";

const ROWS = ["a", "b", "c", "d"].map((id) => ({ id }));

test("a range goes from one row to another in the order shown, both included", () => {
  assert.deepEqual(idsBetween(ROWS, "b", "d"), ["b", "c", "d"]);
  assert.deepEqual(idsBetween(ROWS, "d", "b"), ["b", "c", "d"]);
  assert.deepEqual(idsBetween(ROWS, "b", "b"), ["b"]);
});

test("without a first row in view only the second is selected", () => {
  assert.deepEqual(idsBetween(ROWS, undefined, "c"), ["c"]);
  assert.deepEqual(idsBetween(ROWS, "gone", "c"), ["c"]);
});

test("a row that is gone is no longer selected", () => {
  const view = { selection: new Set(["a", "gone", "d"]), rows: ROWS };

  pruneSelection(view);

  assert.deepEqual([...view.selection], ["a", "d"]);
});
