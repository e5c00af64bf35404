import assert from "node:assert/strict";
import { test } from "node:test";

import { isEdited, setValue, showDependents, valueOf, valuesOf } from "../../../pbf/sandbox/static/fields.js";

const checkbox = (name, checked, defaultChecked = false) => ({ type: "checkbox", name, checked, defaultChecked });
const input = (name, value, defaultValue = "") => ({ type: "text", name, value, defaultValue });
const select = (name, value) => ({ type: "select-one", name, value });

test("a checkbox has the value true or none", () => {
  assert.deepEqual(valuesOf([checkbox("a", true), checkbox("b", false), input("c", "x")]), { a: "true", b: "", c: "x" });
});

test("a value that is read and set again is the same", () => {
  for (const [from, to] of [
    [checkbox("a", true), checkbox("a", false)],
    [checkbox("a", false), checkbox("a", true)],
    [input("a", "x"), input("a", "")],
  ]) {
    setValue(to, valueOf(from));

    assert.equal(valueOf(to), valueOf(from));
  }
});

test("a control counts as edited when it differs from what the page came with", () => {
  assert.equal(isEdited(input("a", "x", "x")), false);
  assert.equal(isEdited(input("a", "", "x")), true);
  assert.equal(isEdited(checkbox("a", true, true)), false);
  assert.equal(isEdited(checkbox("a", false, true)), true);
  assert.equal(isEdited(select("a", "x")), false);
});

test("a part is shown and enabled when its deciding field has one of its values", () => {
  const part = (dependsOn) => {
    const control = { disabled: undefined };
    return { dataset: { dependsOn, dependsValues: "ssh tls" }, control, querySelectorAll: () => [control] };
  };
  const parts = [part("method"), part("other"), part("absent")];
  const elements = { method: select("method", "tls"), other: select("other", "none") };

  showDependents({ elements, querySelectorAll: () => parts });

  assert.deepEqual(parts.map(({ hidden }) => hidden), [false, true, false]);
  assert.deepEqual(parts.map(({ control }) => control.disabled), [false, true, false]);
});
