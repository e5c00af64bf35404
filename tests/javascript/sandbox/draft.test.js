import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { restoreDraft, saveDraft } from "../../../pbf/sandbox/static/draft.js";

function newForm({ typed = "", isMoreOpen = false, auth = "token-of-a-card-that-is-long" } = {}) {
  const controls = [
    { type: "text", name: "host", value: typed, defaultValue: "" },
    { type: "checkbox", name: "tunnel", checked: false, defaultChecked: false },
  ];
  const details = { open: isMoreOpen };
  return {
    dataset: { auth },
    controls,
    details,
    elements: { "sandbox-outcome": { value: "pass" } },
    querySelectorAll: () => controls,
    querySelector: (selector) => (selector === "details" || details.open ? details : null),
  };
}

beforeEach(() => {
  const stored = new Map();
  Object.defineProperty(globalThis, "sessionStorage", {
    configurable: true,
    value: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
  });
});

function saved() {
  const form = newForm({ typed: "db.example", isMoreOpen: true });
  form.controls[1].checked = true;
  form.elements["sandbox-outcome"].value = "warn";
  saveDraft(form);
}

test("a draft comes back once", () => {
  saved();

  const [first, second] = [newForm(), newForm()];
  restoreDraft(first);
  restoreDraft(second);

  assert.equal(first.controls[0].value, "db.example");
  assert.equal(first.controls[1].checked, true);
  assert.equal(first.elements["sandbox-outcome"].value, "warn");
  assert.equal(first.details.open, true);
  assert.equal(second.controls[0].value, "");
  assert.equal(second.details.open, false);
});

test("what was typed while the page loaded stays", () => {
  saved();
  const form = newForm({ typed: "new.example" });

  restoreDraft(form);

  assert.equal(form.controls[0].value, "new.example");
  assert.equal(form.controls[1].checked, true);
});

test("another card has no draft of this one", () => {
  saved();
  const form = newForm({ auth: "token-of-another-card-not-the-same" });

  restoreDraft(form);

  assert.equal(form.controls[0].value, "");
});
