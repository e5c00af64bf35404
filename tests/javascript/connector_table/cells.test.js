import assert from "node:assert/strict";
import { before, test } from "node:test";

import { cellsOf, menuHtml } from "../../../pbf/components/connector_table/cells.js";
import { COLUMNS } from "../../../pbf/components/connector_table/columns.js";

const EVIL = "<img src=x onerror=alert(1)>";
const ROW = {
  ...{ id: "c1", name: "Orders", schema: "orders", service: "stripe", serviceName: "Stripe", icon: "", docs: "/docs" },
  ...{ status: "Failing", tone: "bad", reason: "", next: ["edit", "Edit"], also: [], frequency: "Hourly" },
  ...{ dueWords: "On request", isMarked: false, since: null, last: null, due: null },
};

before(() => {
  globalThis.location = new URL("https://dash.example/connectors");
});

test("a row has a cell for each column", () => {
  assert.equal(cellsOf(ROW, "connector").length, COLUMNS.length);
});

test("nothing that others wrote becomes HTML", () => {
  const texts = { name: EVIL, schema: `${EVIL}_`, serviceName: EVIL, status: EVIL, reason: EVIL, frequency: EVIL, dueWords: `${EVIL}.` };
  const row = { ...ROW, ...texts, id: EVIL, icon: "javascript:1", next: [EVIL, EVIL], also: [[EVIL, EVIL]] };

  assert.doesNotMatch(cellsOf(row, "connector").join("") + menuHtml(row), /<img/);
});

test("a name links to its page if there is one", () => {
  assert.match(cellsOf(ROW, "connector")[1], /<a class="open" data-act="open" href="\/connector\?id=c1">Orders<\/a>/);
  assert.doesNotMatch(cellsOf(ROW, "")[1], /<a /);
});

test("the permanent name is shown where it differs from the name", () => {
  assert.doesNotMatch(cellsOf({ ...ROW, schema: "Orders" }, "")[1], /<code>/);
  assert.match(cellsOf({ ...ROW, schema: "orders_2" }, "")[1], /<code>orders_2<\/code>/);
});

test("how long a state lasts is shown for a problem alone", () => {
  assert.match(cellsOf({ ...ROW, since: 0 }, "")[3], /data-kind="lasting"/);
  assert.doesNotMatch(cellsOf({ ...ROW, since: 0, tone: "good" }, "")[3], /<time/);
});

test("a status has its own sign, or else that of its tone", () => {
  const sign = (status, tone) => /<svg.*<\/svg>/s.exec(cellsOf({ ...ROW, status, tone }, "")[3])[0];

  assert.notEqual(sign("Paused", "quiet"), sign("Anything", "quiet"));
  assert.equal(sign("Anything", "bad"), sign("Something", "bad"));
});

test("a row without further actions and documentation has no menu", () => {
  assert.match(cellsOf(ROW, "")[6], /aria-haspopup="menu"/);
  assert.doesNotMatch(cellsOf({ ...ROW, docs: "" }, "")[6], /aria-haspopup/);
  assert.equal(menuHtml({ ...ROW, docs: "" }), "");
});
