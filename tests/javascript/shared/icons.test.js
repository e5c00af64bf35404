import assert from "node:assert/strict";
import { before, test } from "node:test";

import { hueOf, iconHtml, monogram } from "../../../pbf/components/shared/icons.js";

before(() => {
  globalThis.location = new URL("https://dash.example/services");
});

const MONOGRAMS = {
  "Google Ads": "GA",
  Stripe: "ST",
  "7shifts": "7S",
  "\u00e9t\u00e9 (beta)": "\u00c9B",
  "": "?",
};
for (const [name, letters] of Object.entries(MONOGRAMS)) {
  test(`the monogram of ${JSON.stringify(name)} is ${letters}`, () => {
    assert.equal(monogram(name), letters);
  });
}

test("a service always has the same color", () => {
  assert.equal(hueOf("stripe"), hueOf("stripe"));
  assert.match(hueOf("stripe"), /^(blue|green|violet|orange|red|yellow)$/);
});

test("a URL that is not safe becomes a monogram", () => {
  const html = iconHtml("stripe", 'Stripe "x"', "javascript:alert(1)");

  assert.match(html, /class="icon monogram \w+"/);
  assert.match(html, /data-name="Stripe &quot;x&quot;">SX<\/span>$/);
  assert.doesNotMatch(html, /<img/);
});

test("a safe URL becomes a picture", () => {
  assert.match(iconHtml("stripe", "Stripe", "/icons/stripe.svg"), /<img src="\.\/icons\/stripe.svg" alt=""/);
});
