import assert from "node:assert/strict";
import { test } from "node:test";

import {
  RANK, closest, editsToStart, highlighted, matchedAlias, matching, prepareQuery,
} from "../../../pbf/components/gallery/search.js";

const CARDS = () => [
  { id: "google_ads", name: "Google Ads", category: "Marketing", also: ["AdWords"] },
  { id: "netsuite", name: "NetSuite", category: "Finance" },
  { id: "postgres", name: "PostgreSQL", category: "Databases", also: ["pg"] },
  { id: "salesforce", name: "Salesforce", category: "Sales" },
  { id: "bing_ads", name: "Microsoft Advertising", category: "Marketing", also: ["Bing Ads"] },
];

function ranks(text) {
  return Object.fromEntries(matching(CARDS(), prepareQuery(text)).map(({ card, rank }) => [card.id, rank]));
}

test("without a search every card matches alike", () => {
  assert.deepEqual(Object.values(ranks("  ")), [0, 0, 0, 0, 0]);
});

const SEARCHES = {
  "google ads": { google_ads: RANK.exact },
  goo: { google_ads: RANK.start },
  adwords: { google_ads: RANK.word },
  pg: { postgres: RANK.word },
  suite: { netsuite: RANK.inside },
  "post gres": { postgres: RANK.inside },
  "sql post": { postgres: RANK.inside },
  ads: { google_ads: RANK.word, bing_ads: RANK.alias },
  "adv bing": { bing_ads: RANK.alias },
  etsuite: { netsuite: RANK.inside },
  salesfroce: { salesforce: RANK.near + 1 },
  postgers: { postgres: RANK.near + 1 },
  xqzzz: {},
};
for (const [text, expected] of Object.entries(SEARCHES)) {
  test(`a search for "${text}" matches ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(ranks(text), expected);
  });
}

test("a near match is never shown beside a direct one", () => {
  assert.deepEqual(ranks("sales"), { salesforce: RANK.start });
});

test("words of three letters must be typed right", () => {
  assert.deepEqual(ranks("goe"), {});
});

const EDITS = [
  ["sales", "salesforce", 0],
  ["slaes", "salesforce", 1],
  ["sals", "salesforce", 1],
  ["salles", "salesforce", 1],
  ["zales", "salesforce", 1],
  ["zalles", "salesforce", 2],
];
for (const [typed, word, edits] of EDITS) {
  test(`${edits} edits lead from "${typed}" to the start of "${word}"`, () => {
    assert.equal(editsToStart(typed, word), edits);
  });
}

test("the closest names are suggested, the most similar first, and none for a text like no name", () => {
  const cards = [...CARDS(), { id: "forms", name: "Sales Forms" }, { id: "room", name: "Saleroom" }];
  const names = (text) => closest(cards, prepareQuery(text), 5).map((card) => card.name);

  assert.deepEqual(names("salesforxe"), ["Salesforce", "Sales Forms"]);
  assert.deepEqual(names("postgrexql"), ["PostgreSQL"]);
  assert.deepEqual(names("xyzzy"), []);
});

test("the alias that matches is returned, unless the name matches", () => {
  const [google] = CARDS();

  assert.equal(matchedAlias(google, prepareQuery("adwords")), "AdWords");
  assert.equal(matchedAlias(google, prepareQuery("google")), "");
  assert.equal(matchedAlias({ ...google, also: undefined }, prepareQuery("marketing")), "");
});

const MARKED = [
  ["Google Ads", "ads", [["Google ", false], ["Ads", true]]],
  ["Google Ads", "ads goo", [["Goo", true], ["gle ", false], ["Ads", true]]],
  ["Caf\u00e9 Bar", "cafe", [["Caf\u00e9", true], [" Bar", false]]],
  ["Readsads Ads", "ads", [["Readsads ", false], ["Ads", true]]],
  ["Google Ads", "", [["Google Ads", false]]],
  ["\u0130zmir", "izmir", [["\u0130zmir", false]]],
];
for (const [name, text, parts] of MARKED) {
  test(`in "${name}" a search for "${text}" highlights what matches`, () => {
    assert.deepEqual(highlighted(name, prepareQuery(text)), parts);
  });
}
