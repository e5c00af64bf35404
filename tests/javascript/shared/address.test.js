import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { openAddress } from "../../../pbf/components/shared/address.js";

beforeEach(() => {
  globalThis.document = { querySelector: () => ({ scrollTop: 40 }) };
  globalThis.location = new URL("https://dash.example/connectors?q=orders&marked=c1");
  globalThis.history = {
    state: { streamlit: 1 },
    replaceState(state, _, url) {
      this.state = state;
      globalThis.location = new URL(url);
    },
  };
});

test("the page's own parameters are read, an absent one as empty text", () => {
  assert.deepEqual(openAddress(["q", "status"]).read(), { q: "orders", status: "" });
});

test("what is written changes its own parameters alone and keeps the state of others", () => {
  const address = openAddress(["q", "status"]);

  address.write({ q: "", status: "Paused" }, { drawn: 20 });
  address.write({ status: "Failing" });
  address.flush();

  assert.equal(location.search, "?marked=c1&status=Failing");
  assert.deepEqual(history.state, { streamlit: 1, pbf: { drawn: 20, top: 40 } });
  assert.deepEqual(address.notes(), { drawn: 20, top: 40 });
});

test("nothing is written once the address is another page's", () => {
  const address = openAddress(["q"]);

  address.write({ q: "x" });
  globalThis.location = new URL("https://dash.example/services");
  address.flush();

  assert.equal(address.isOwn(), false);
  assert.equal(location.href, "https://dash.example/services");
  assert.deepEqual(history.state, { streamlit: 1 });
});

test("a change that the browser refuses is written later", (t) => {
  const tasks = [];
  t.mock.method(globalThis, "setTimeout", (task) => tasks.push(task));
  const { replaceState } = history;
  history.replaceState = () => {
    throw new Error("too many");
  };
  const address = openAddress(["q"]);
  address.write({ q: "later" });
  tasks.pop()();
  assert.equal(address.read().q, "orders");

  history.replaceState = replaceState;
  tasks.pop()();

  assert.equal(address.read().q, "later");
});
