import assert from "node:assert/strict";
import { before, test } from "node:test";

import { cardHtml, unpack } from "../../../pbf/components/gallery/cards.js";

before(() => {
  globalThis.location = new URL("https://dash.example/services");
});

test("cards are unpacked with their category and what only some of them have", () => {
  const cards = unpack({
    categories: ["Sales", "Files"],
    cards: [
      ["a", "A", 1, "About A", "/a.svg", "/docs/a"],
      ["b", "B", 0, "About B", "", "", { mark: "Beta", yours: 2, also: ["Bee"] }],
    ],
  });

  const common = { highlightedFor: "" };
  assert.deepEqual(cards, [
    { ...common, id: "a", name: "A", category: "Files", description: "About A", icon: "/a.svg", docs: "/docs/a", placeByName: 0 },
    {
      ...common,
      ...{ id: "b", name: "B", category: "Sales", description: "About B", icon: "", docs: "", placeByName: 1 },
      ...{ mark: "Beta", yours: 2, also: ["Bee"] },
    },
  ]);
});

test("a card escapes what others wrote and links to its service", () => {
  const card = { id: "a&b", name: "<b>", category: "<i>", description: '"', docs: "javascript:1", mark: "<u>", yours: "3<" };

  const html = cardHtml("/connect?service=&embed=true")(card);

  assert.match(html, /href="\/connect\?service=a%26b&amp;embed=true" data-id="a&amp;b">&lt;b&gt;<\/a>/);
  assert.match(html, />&lt;u&gt;<\/span>/);
  assert.match(html, />NaN connected</);
  assert.doesNotMatch(html, /<[biu]>|class="docs"/);
});

test("a card without a link is chosen by a button", () => {
  const card = { id: "a&b", name: "<b>", category: "", description: "", docs: "" };

  assert.match(
    cardHtml("")(card), /<button type="button" class="open" aria-pressed="false" data-id="a&amp;b">&lt;b&gt;<\/button>/,
  );
});
