// The values typed into a Connect Card, kept in the tab while the user signs in at the source.

import { controlsOf, isEdited, setValue, valuesOf } from "./fields.js";

function storageKey(form) {
  return `sandbox-card:${form.dataset.auth.slice(-24)}`;
}

export function saveDraft(form) {
  const draft = {
    values: valuesOf(controlsOf(form)),
    outcome: form.elements["sandbox-outcome"].value,
    isMoreOpen: Boolean(form.querySelector("details[open]")),
  };
  sessionStorage.setItem(storageKey(form), JSON.stringify(draft));
}

// Restores the draft once. What the user typed or chose while the page loaded takes precedence.
export function restoreDraft(form) {
  const draft = JSON.parse(sessionStorage.getItem(storageKey(form)) || "null");
  sessionStorage.removeItem(storageKey(form));
  if (!draft) return;
  for (const control of controlsOf(form)) {
    if (control.name in draft.values && !isEdited(control)) setValue(control, draft.values[control.name]);
  }
  const outcomes = form.elements["sandbox-outcome"];
  const isChosen = [...outcomes].some((choice) => choice.checked !== choice.defaultChecked);
  if (!isChosen) outcomes.value = draft.outcome;
  const more = form.querySelector("details");
  if (more && draft.isMoreOpen) more.open = true;
}
