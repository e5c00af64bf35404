import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import sessionEnded from "../../../pbf/components/session_ended/session_ended.js";

const OURS = "https://app.example";
let posted;

function frames(origins) {
  const top = { postMessage: (message, origin) => posted.push([message, origin]) };
  top.parent = top;
  globalThis.window = { parent: top, location: { ancestorOrigins: origins } };
}

function draw(parentElement, origins = [OURS, "https://other.example"]) {
  sessionEnded({ data: { origins }, parentElement });
}

function place() {
  const mark = { dataset: {} };
  return { querySelector: () => mark };
}

beforeEach(() => {
  posted = [];
});

test("the page around is told once, if it may frame us", () => {
  frames([OURS]);
  const parentElement = place();
  draw(parentElement);
  draw(parentElement);

  assert.deepEqual(posted, [[{ type: "pbf:session-ended" }, OURS]]);
});

test("a browser that does not name the pages around posts to each allowed origin", () => {
  frames(undefined);
  draw(place());

  assert.deepEqual(
    posted.map(([, origin]) => origin),
    [OURS, "https://other.example"],
  );
});

test("no other page is told", () => {
  frames(["https://evil.example"]);
  draw(place());

  assert.deepEqual(posted, []);
});
