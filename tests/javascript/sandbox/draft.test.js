import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { restoreDraft, saveDraft } from "../../../pbf/sandbox/static/draft.js";

// Radio buttons, of which one is chosen, as form.elements returns them.
function newOutcomes(chosen) {
  const choices = ["pass", "warn", "fail"].map((value) => ({
    value,
    checked: value === chosen,
    defaultChecked: value === "pass",
  }));
  Object.defineProperty(choices, "value", {
    get: () => choices.find((choice) => choice.checked).value,
    set(value) {
      for (const choice of choices) choice.checked = choice.value === value;
    },
  });
  return choices;
}

function newForm({ typed = "", outcome = "pass", isMoreOpen = false, auth = "token-of-a-card-that-is-long" } = {}) {
  const controls = [
    { type: "text", name: "host", value: typed, defaultValue: "" },
    { type: "checkbox", name: "tunnel", checked: false, defaultChecked: false },
  ];
  const details = { open: isMoreOpen };
  return {
    dataset: { auth },
    controls,
    details,
    elements: { "sandbox-outcome": newOutcomes(outcome) },
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

test("what was typed or chosen while the page loaded stays", () => {
  saved();
  const form = newForm({ typed: "new.example", outcome: "fail" });

  restoreDraft(form);

  assert.equal(form.controls[0].value, "new.example");
  assert.equal(form.elements["sandbox-outcome"].value, "fail");
  assert.equal(form.controls[1].checked, true);
});

test("another card has no draft of this one", () => {
  saved();
  const form = newForm({ auth: "token-of-another-card-not-the-same" });

  restoreDraft(form);

  assert.equal(form.controls[0].value, "");
});
