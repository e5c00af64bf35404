import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { clockOffset, serverTime } from "../../../pbf/components/connector_table/clock.js";

const NOON = "2026-11-23T12:00:00Z";

beforeEach(() => {
  const stored = new Map();
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    value: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) },
  });
});

test("the server's time goes on from the first drawing, also after a return to the page", (t) => {
  let now = 5000;
  t.mock.method(Date, "now", () => now);
  assert.equal(serverTime({ offset: clockOffset(NOON) }), Date.parse(NOON));

  now += 60000;

  assert.equal(serverTime({ offset: clockOffset(NOON) }), Date.parse(NOON) + 60000);
  assert.equal(serverTime({ offset: clockOffset("2026-11-23T13:00:00Z") }), Date.parse("2026-11-23T13:00:00Z"));
});

test("without storage the time is that of the first drawing", () => {
  Object.defineProperty(globalThis, "sessionStorage", { configurable: true, value: undefined });

  assert.ok(Math.abs(serverTime({ offset: clockOffset(NOON) }) - Date.parse(NOON)) < 1000);
});
