import assert from "node:assert/strict";
import { test } from "node:test";

import {
  inRange, lateness, rangeLabel, rangeOf, rangeParameters,
} from "../../../pbf/components/connector_table/range.js";

const HOUR = 3600000;
const NOW = 100 * HOUR;
const NONE = { late: "", succeeded: "", failed: "", ended: "" };

const LATENESS = [
  ["in time", { interval: HOUR, last: NOW - HOUR / 2 }, 0],
  ["half an interval late", { interval: HOUR, last: NOW - 1.5 * HOUR }, 0.5],
  ["expected in future", { interval: HOUR, last: NOW - 9 * HOUR, expected: NOW + 1 }, 0],
  ["past what is expected", { interval: HOUR, last: NOW - 9 * HOUR, expected: NOW - 2 * HOUR }, 2],
  ["without a success", { interval: HOUR, last: null }, Infinity],
  ["without an interval", { interval: null, last: 0 }, NaN],
];
for (const [name, row, value] of LATENESS) {
  test(`the lateness of a connector ${name} is ${value}`, () => {
    assert.equal(lateness(row, NOW), value);
  });
}

const PARAMETERS = [
  ["late", "..0.25", "On time"],
  ["late", "0.25..1", "Late by 0.25 to 1 intervals"],
  ["late", "4..", "Late by over 4 intervals"],
  ["late", "never", "No success yet"],
  ["late", "none", "Not measured"],
  ["succeeded", "1..2", "Succeeded 1 to 2 hours ago"],
  ["failed", "..1", "Failed up to 1 hours ago"],
  ["ended", "24..", "Ended over 24 hours ago"],
];
for (const [name, text, label] of PARAMETERS) {
  test(`${name}=${text} is "${label}", and its parameters are those again`, () => {
    const range = rangeOf({ ...NONE, [name]: text });

    assert.deepEqual(range, { name, text });
    assert.equal(rangeLabel(range), label);
    assert.deepEqual(rangeParameters(range), { ...NONE, [name]: text });
  });
}

for (const [name, text] of [["late", ".."], ["late", "soon"], ["succeeded", "never"], ["late", "1..x"], ["late", "toString"]]) {
  test(`${name}=${text} is no range`, () => {
    assert.equal(rangeOf({ ...NONE, [name]: text }), null);
  });
}

test("without a range its parameters are empty", () => {
  assert.equal(rangeOf(NONE), null);
  assert.deepEqual(rangeParameters(null), NONE);
});

test("a range takes in its lower end and leaves out its upper one", () => {
  const rows = [0, 1, 2, 3].map((hours) => ({ id: hours, last: NOW - hours * HOUR, failed: null, interval: null }));
  const ids = (range) => inRange(rows, range, NOW).map((row) => row.id);

  assert.deepEqual(ids({ name: "succeeded", text: "1..3" }), [1, 2]);
  assert.deepEqual(ids({ name: "succeeded", text: "2.." }), [2, 3]);
  assert.deepEqual(ids({ name: "succeeded", text: "..2" }), [0, 1]);
  assert.deepEqual(ids({ name: "failed", text: "..2" }), []);
  assert.deepEqual(ids({ name: "ended", text: "..1" }), [0]);
  assert.deepEqual(ids({ name: "late", text: "none" }), [0, 1, 2, 3]);
  assert.deepEqual(ids({ name: "late", text: "never" }), []);
  assert.deepEqual(ids(null), [0, 1, 2, 3]);
});
