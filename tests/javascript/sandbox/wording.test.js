import assert from "node:assert/strict";
import { test } from "node:test";

import {
  accountStatistics, connectorState, faultFrequency, isFailed, matchCount, requestCells, requestsLeft, snapshotSummary,
} from "../../../pbf/sandbox/static/wording.js";

const STATUS = { setup_state: "connected", sync_state: "scheduled", update_state: "on_schedule", is_historical_sync: false };

const STATES = [
  ["Broken", "bad", { setup_state: "broken" }, { paused: true }],
  ["Incomplete", "note", { setup_state: "incomplete" }, {}],
  ["Paused", "", { sync_state: "syncing" }, { paused: true }],
  ["First sync", "good", { sync_state: "syncing", is_historical_sync: true }, {}],
  ["Syncing", "good", { sync_state: "syncing", update_state: "delayed" }, {}],
  ["Rescheduled", "note", { sync_state: "rescheduled" }, {}],
  ["Delayed", "note", { update_state: "delayed" }, {}],
  ["Failing", "bad", {}, { failed_at: "2026-11-23T12:00:00Z" }],
  ["Failing", "bad", {}, { failed_at: "2026-11-23T12:00:00Z", succeeded_at: "2026-11-23T11:00:00Z" }],
  ["Healthy", "good", {}, { failed_at: "2026-11-23T12:00:00Z", succeeded_at: "2026-11-23T13:00:00Z" }],
  ["Healthy", "good", {}, {}],
];
for (const [word, tone, status, fields] of STATES) {
  test(`a connector with ${JSON.stringify({ ...status, ...fields })} is ${word}`, () => {
    assert.deepEqual(connectorState({ status: { ...STATUS, ...status }, paused: false, ...fields }), [word, tone]);
  });
}

test("a fault strikes a number of times more, or a share of the requests", () => {
  assert.equal(faultFrequency({ times: 5, struck: 2 }), "3 more");
  assert.equal(faultFrequency({ times: null, share: 0.125, struck: 2 }), "12.5 % of requests");
});

test("a request shows the fault that struck it, and counts as failed without a status or from 400", () => {
  const request = { method: "GET", path: "/v1/groups", status: 504, milliseconds: 3, fault: "card_expired" };

  assert.deepEqual(requestCells(request), ["GET /v1/groups (card expired)", "504", "3 ms"]);
  assert.deepEqual(requestCells({ ...request, status: 0, fault: null }), ["GET /v1/groups", "none", "3 ms"]);
  assert.deepEqual([0, 200, 399, 400].map((status) => isFailed({ status })), [true, false, false, true]);
});

test("statistics list what the account holds, with a separator at thousands", () => {
  assert.deepEqual(
    accountStatistics({ groups: 2, connectors: 12, setup_states: { broken: 3 }, seed: 1 }),
    [["Groups", 2], ["Connectors", 12], ["Broken", 3], ["Seed", 1]],
  );
  assert.equal(requestsLeft(null), "No limit.");
  assert.equal(requestsLeft(19999), "19,999 left this hour.");
  assert.equal(matchCount(1200, 50), "The first 50 of 1,200");
  assert.equal(matchCount(12, 12), "12");
});

test("a snapshot says its time and how many connectors it holds", () => {
  const now = "2026-11-20T12:00:31.000000Z";
  assert.equal(snapshotSummary({ now, connectors: 1200 }), "2026-11-20 12:00 UTC, 1,200 connectors");
  assert.equal(snapshotSummary({ now, connectors: 1 }), "2026-11-20 12:00 UTC, 1 connector");
});
