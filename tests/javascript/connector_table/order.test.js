import assert from "node:assert/strict";
import { test } from "node:test";

import { nextOrder } from "../../../pbf/components/connector_table/columns.js";
import { inOrder } from "../../../pbf/components/connector_table/order.js";

const ROWS = [
  { id: "a", name: "beta", serviceName: "Stripe", tone: "good", status: "Working", last: 3, due: null },
  { id: "b", name: "Alpha", serviceName: "\u00c5ngstrom", tone: "bad", status: "Failing", last: null, due: 2 },
  { id: "c", name: "\u00c9clair", serviceName: "Box", tone: "bad", status: "Broken", last: 1, due: 1 },
  { id: "d", name: "beta", serviceName: "Stripe", tone: "quiet", status: "Paused", last: null, due: null },
];

function ordered(order) {
  return inOrder({ rows: ROWS, orders: new Map([["", ROWS]]) }, order).map((row) => row.id).join("");
}

const ORDERS = {
  "": "abcd",
  name: "badc",
  "-name": "cdab",
  service: "bcad",
  status: "cbda",
  last: "cabd",
  "-last": "acbd",
  next: "cbad",
  "-next": "bcad",
};
for (const [order, ids] of Object.entries(ORDERS)) {
  test(`in the order "${order}" rows with equal keys stay as listed, and what never happened is last`, () => {
    assert.equal(ordered(order), ids);
  });
}

test("an order is sorted once", () => {
  const view = { rows: ROWS, orders: new Map([["", ROWS]]) };

  assert.equal(inOrder(view, "-name"), inOrder(view, "-name"));
});

test("clicks on a header sort ascending, then descending, then as listed", () => {
  assert.equal(nextOrder("", "last"), "last");
  assert.equal(nextOrder("name", "last"), "last");
  assert.equal(nextOrder("last", "last"), "-last");
  assert.equal(nextOrder("-last", "last"), "");
});
