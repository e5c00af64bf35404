import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { HIDDEN, LONGEST_SHOWN, VISIBLE, openFollower } from "../../../pbf/components/follow/asking.js";

let page, server, theme, follower, runs;

beforeEach((context) => {
  context.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  page = Object.assign(new EventTarget(), {
    visibilityState: "visible",
    baseURI: "https://app.example/data/overview",
    connection: "CONNECTED",
    querySelector: () => ({ dataset: { testConnectionState: page.connection } }),
  });
  server = { revision: "a", asked: [] };
  context.mock.method(globalThis, "fetch", async (url, { headers }) => {
    server.asked.push(`${url}`);
    if (server.status) return { status: server.status };
    return { status: headers["If-None-Match"] === `"${server.revision}"` ? 304 : 200 };
  });
  theme = "white";
  runs = 0;
  follower = openFollower(page, () => theme, Date.now);
  draw("a");
});

afterEach(() => follower.close());

function draw(revision) {
  const run = `${Math.random()}`;
  follower.show({ url: "./_/revision?of=connectors", revision, run }, () => (runs += 1));
}

async function pass(context, milliseconds) {
  for (let passed = 0; passed < milliseconds; passed += 1_000) {
    context.mock.timers.tick(1_000);
    await settle();
  }
}

async function settle() {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function become(visibility) {
  page.visibilityState = visibility;
  page.dispatchEvent(new Event("visibilitychange"));
  return settle();
}

test("a visible page asks every three seconds below its prefix, and runs nothing", async (context) => {
  await pass(context, 10 * VISIBLE);

  assert.deepEqual(server.asked, Array(10).fill("https://app.example/data/_/revision?of=connectors"));
  assert.equal(runs, 0);
});

test("another revision runs the page once, until it is drawn", async (context) => {
  server.revision = "b";
  await pass(context, 3 * VISIBLE);
  assert.equal(runs, 1);

  draw("b");
  await pass(context, 3 * VISIBLE);
  assert.equal(runs, 1);
});

test("a hidden page asks every thirty seconds, and at once when it is seen again", async (context) => {
  await become("hidden");
  await pass(context, 4 * HIDDEN);
  assert.equal(server.asked.length, 4);

  server.revision = "b";
  await become("visible");

  assert.equal(server.asked.length, 4); // it is older than a minute, so it runs without asking
  assert.equal(runs, 1);
});

test("a page that was hidden for a moment asks at once", async () => {
  await become("hidden");
  await become("visible");

  assert.equal(server.asked.length, 1);
});

test("a visible page runs again once it is a minute old, a hidden one does not", async (context) => {
  await pass(context, LONGEST_SHOWN + VISIBLE);
  assert.equal(runs, 1);

  await become("hidden");
  await pass(context, 2 * LONGEST_SHOWN);
  assert.equal(runs, 1);
});

test("a page without its WebSocket does not ask", async (context) => {
  page.connection = "DISCONNECTED_FOREVER";
  await pass(context, 3 * VISIBLE);

  assert.deepEqual(server.asked, []);
});

test("a server that does not know, or is away, runs nothing and is asked again", async (context) => {
  server.status = 204;
  await pass(context, VISIBLE);
  context.mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("away")));
  await pass(context, VISIBLE);
  assert.equal(fetch.mock.callCount(), 1);
  await pass(context, VISIBLE);

  assert.equal(fetch.mock.callCount(), 2);
  assert.equal(runs, 0);
});

test("another theme runs the page", async (context) => {
  theme = "black";
  await pass(context, VISIBLE);

  assert.equal(runs, 1);
});

test("a page that is left asks no more", async (context) => {
  follower.close();
  await become("hidden");
  await become("visible");
  await pass(context, 2 * HIDDEN);

  assert.deepEqual(server.asked, []);
});
