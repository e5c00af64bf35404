import assert from "node:assert/strict";
import { before, test } from "node:test";

import { escapeHtml, safeUrl } from "../../../pbf/components/shared/html.js";

before(() => {
  globalThis.location = new URL("https://dash.example/services?q=a");
});

test("HTML's special characters are escaped, and nothing is written for nothing", () => {
  assert.equal(escapeHtml(`<a title="x" id='y'>&</a>`), "&lt;a title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
  assert.equal(escapeHtml("Zo\u00eb"), "Zo\u00eb");
  assert.equal(escapeHtml(undefined), "");
  assert.equal(escapeHtml(null), "");
  assert.equal(escapeHtml(0), "0");
});

const URLS = {
  "https://example.com/docs": "https://example.com/docs",
  "HTTP://example.com": "http://example.com/",
  "/static/icon.svg?v=1#a": "./static/icon.svg?v=1#a",
  "/javascript:alert(1)": "./javascript:alert(1)",
  "javascript:alert(1)": "",
  "data:text/html,x": "",
  "//evil.example/x": "",
  "//dash.example/x": "./x",
  "//user@dash.example/x": "",
  "/\\evil.example/x": "",
  "/\t/evil.example/x": "",
  "relative/path": "",
  "https://[": "",
  "": "",
};
for (const [url, safe] of Object.entries(URLS)) {
  test(`the URL ${JSON.stringify(url)} becomes ${JSON.stringify(safe)}`, () => {
    assert.equal(safeUrl(url), safe);
  });
}
