import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { WORDING, duration, timeHtml, updateTimes } from "../../../pbf/components/connector_table/times.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DURATIONS = [
  [0, ""],
  [MINUTE - 1, ""],
  [MINUTE, "1 minute"],
  [59.9 * MINUTE, "59 minutes"],
  [HOUR, "1 hour"],
  [23 * HOUR, "23 hours"],
  [DAY, "1 day"],
  [29 * DAY, "29 days"],
  [30 * DAY, "1 month"],
  [364 * DAY, "12 months"],
  [800 * DAY, "2 years"],
];
for (const [milliseconds, text] of DURATIONS) {
  test(`${milliseconds} ms are "${text}"`, () => {
    assert.equal(duration(milliseconds), text);
  });
}

// The same cases as in Python.
for (const [kind, seconds, text] of JSON.parse(readFileSync(new URL("../../support/times.json", import.meta.url)))) {
  test(`a ${kind} time after ${seconds} s reads "${text}"`, () => {
    assert.equal(WORDING[kind](seconds * 1000), text);
  });
}

test("the HTML of a time does not change as time passes and names the moment in UTC", () => {
  const moment = Date.UTC(2026, 10, 23, 12, 5, 7);

  assert.equal(
    timeHtml(moment, "coming").replace(/\s+/g, " "),
    '<time datetime="2026-11-23T12:05:07.000Z" title="About 2026-11-23 12:05:07 UTC" '
      + `data-at="${moment}" data-kind="coming">Due now</time>`,
  );
});

test("only a text that changed is written", () => {
  const written = [];
  const time = (kind, at, text) => ({
    dataset: { kind, at: String(at) },
    get textContent() {
      return text;
    },
    set textContent(value) {
      written.push(value);
    },
  });

  updateTimes({ querySelectorAll: () => [time("past", 0, "1 hour ago"), time("past", HOUR, "old")] }, HOUR);

  assert.deepEqual(written, ["just now"]);
});
