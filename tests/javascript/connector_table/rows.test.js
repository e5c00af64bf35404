import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack } from "../../../pbf/components/connector_table/rows.js";

const SHARED = {
  services: [["stripe", "Stripe", "/s.svg", "/docs/stripe", "Finance"]],
  states: [["Failing", "bad", "Refused."], ["Odd", "toString", ""]],
  choices: [[["edit", "Edit"], ["sync", "Sync now"]], [null]],
  rhythms: [["Hourly", "On request", 60], ["", "Unknown", null]],
};

test("a row is unpacked with what it shares with others", () => {
  const rows = [["c1", "Orders \u00c9", "orders_e", 0, 0, 0, 0, "2026-11-23T14:00:00Z", null, "", "soon", true, "2026-11-23T15:00:00Z"]];

  const [row] = unpack({ ...SHARED, rows });

  assert.deepEqual(row, {
    ...{ id: "c1", name: "Orders \u00c9", schema: "orders_e", service: "stripe", serviceName: "Stripe" },
    ...{ icon: "/s.svg", docs: "/docs/stripe", category: "Finance", status: "Failing", tone: "bad", reason: "Refused." },
    ...{ next: ["edit", "Edit"], also: [["sync", "Sync now"]], frequency: "Hourly", dueWords: "On request" },
    ...{ isMarked: true, words: "orders e orders_e stripe stripe failing", interval: 3600000 },
    ...{ since: Date.UTC(2026, 10, 23, 14), last: null, failed: null, due: null, expected: Date.UTC(2026, 10, 23, 15) },
  });
});

test("a row without an action, an interval or a known tone has none", () => {
  const [row] = unpack({ ...SHARED, rows: [["c2", "A", "a", 0, 1, 1, 1, null, null, null, null, false]] });

  assert.equal(row.next, null);
  assert.deepEqual(row.also, []);
  assert.equal(row.interval, null);
  assert.equal(row.expected, null);
});
