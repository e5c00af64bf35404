// The fields of the Connect Card.

export function controlsOf(form) {
  return [...form.querySelectorAll("[data-field] input, [data-field] select")];
}

export function valueOf(control) {
  if (control.type === "checkbox") return control.checked ? "true" : "";
  return control.value;
}

export function valuesOf(controls) {
  return Object.fromEntries(controls.map((control) => [control.name, valueOf(control)]));
}

export function setValue(control, value) {
  if (control.type === "checkbox") control.checked = value === "true";
  else control.value = value;
}

export function isEdited(control) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  return "defaultValue" in control && control.value !== control.defaultValue;
}

// Shows and enables the parts whose deciding field has one of their values.
export function showDependents(form) {
  for (const part of form.querySelectorAll("[data-depends-on]")) {
    const { dependsOn, dependsValues } = part.dataset;
    const decider = form.elements[dependsOn];
    const isShown = !decider || dependsValues.split(" ").includes(valueOf(decider));
    part.hidden = !isShown;
    for (const control of part.querySelectorAll("input, select")) control.disabled = !isShown;
  }
}
