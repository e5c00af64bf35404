import assert from "node:assert/strict";
import { test } from "node:test";

import { filtered } from "../../../pbf/components/connector_table/filter.js";

const ROWS = [
  { id: "a", name: "A", words: "orders stripe failing", interval: 60, last: null, status: "Failing", category: "Finance" },
  { id: "b", name: "B", words: "orders box paused", interval: null, status: "Paused", category: "Files" },
  { id: "c", name: "C", words: "users stripe paused", interval: null, status: "Paused", category: "Finance" },
];

function newView(values = {}) {
  return {
    ...{ search: { value: "" }, rows: ROWS, orders: new Map([["", ROWS]]), order: "", range: null },
    ...{ status: "", category: "", offset: 0, ...values },
  };
}

function shown(view, text) {
  view.search.value = text;
  return filtered(view).shown.map((row) => row.id).join("");
}

test("every word typed must be in the row, in any order and case", () => {
  const view = newView();

  assert.equal(shown(view, "  PAUSED orders "), "b");
  assert.equal(shown(view, "stripe"), "ac");
  assert.equal(shown(view, "\u00f3rders"), "ab");
  assert.equal(shown(view, "nowhere"), "");
  assert.equal(shown(view, ""), "abc");
});

test("a search that grows or shrinks finds what it would find at once", () => {
  const view = newView();

  for (const text of ["s", "st", "st p", "st", "o", "or", "or f", ""]) {
    assert.equal(shown(view, text), shown(newView(), text));
  }
});

test("another order, range or list of rows is searched anew", () => {
  const view = newView();
  shown(view, "orders");

  view.range = { name: "late", text: "none" };
  assert.equal(shown(view, "orders"), "b");
  view.range = null;

  view.order = "-name";
  assert.equal(shown(view, "orders"), "ba");

  Object.assign(view, { rows: ROWS.slice(1), orders: new Map([["", ROWS.slice(1)]]), lastSearch: undefined, order: "" });
  assert.equal(shown(view, "orders"), "b");
});

test("without filters everything is counted", () => {
  const { shown: rows, ...counts } = filtered(newView());

  assert.equal(rows.length, 3);
  assert.deepEqual([...counts.statuses], [["Failing", 1], ["Paused", 2]]);
  assert.deepEqual([...counts.categories], [["Finance", 2], ["Files", 1]]);
  assert.deepEqual([counts.inCategory, counts.inStatus], [3, 3]);
});

test("each filter is counted within the other", () => {
  const { shown: rows, ...counts } = filtered(newView({ status: "Paused", category: "Finance" }));

  assert.deepEqual(rows.map((row) => row.id), ["c"]);
  assert.deepEqual([...counts.statuses], [["Failing", 1], ["Paused", 1]]);
  assert.deepEqual([...counts.categories], [["Files", 1], ["Finance", 1]]);
  assert.equal(counts.inCategory, 2);
  assert.equal(counts.inStatus, 2);
});

test("the numbers are counted again only for another search or filter", () => {
  const view = newView();
  const { statuses } = filtered(view);

  view.order = "-name";
  assert.equal(filtered(view).statuses, statuses);

  view.status = "Paused";
  assert.notEqual(filtered(view).statuses, statuses);
});
