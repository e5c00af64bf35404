"use strict";

const form = document.getElementById("card");
const save = document.getElementById("save");
const tests = document.getElementById("tests");
const result = document.getElementById("result");
const consent = document.getElementById("consent");
const authorise = document.getElementById("authorise");
const draft = "sandbox-card:" + form.dataset.auth.slice(-24);
const pace = 450;
const statusLabels = { waiting: "Waiting", running: "Running", PASSED: "Passed", WARNING: "Warning", FAILED: "Failed", SKIPPED: "Skipped" };

const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
const valueOf = (control) => (control.type === "checkbox" ? (control.checked ? "true" : "") : control.value);
const controls = () => [...form.querySelectorAll("[data-field] input, [data-field] select")];

function showDependents() {
  for (const part of form.querySelectorAll("[data-depends-on]")) {
    const chooser = form.elements[part.dataset.dependsOn];
    const shown = !chooser || part.dataset.dependsValues.split(" ").includes(valueOf(chooser));
    part.hidden = !shown;
    for (const control of part.querySelectorAll("input, select")) control.disabled = !shown;
  }
}

function values() {
  const result = {};
  for (const control of controls()) if (!control.disabled) result[control.name] = valueOf(control);
  return result;
}

function saveDraft() {
  const entered = {};
  for (const control of controls()) entered[control.name] = valueOf(control);
  const outcome = form.elements["sandbox-outcome"].value;
  sessionStorage.setItem(draft, JSON.stringify({ entered, outcome, more: Boolean(form.querySelector("details[open]")) }));
}

function isTouched(control) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  return "defaultValue" in control && control.value !== control.defaultValue;
}

function restoreDraft() {
  const saved = JSON.parse(sessionStorage.getItem(draft) || "null");
  sessionStorage.removeItem(draft);
  if (!saved) return;
  for (const control of controls()) {
    // A value typed while the page loaded takes precedence over the saved one.
    if (!(control.name in saved.entered) || isTouched(control)) continue;
    if (control.type === "checkbox") control.checked = saved.entered[control.name] === "true";
    else control.value = saved.entered[control.name];
  }
  form.elements["sandbox-outcome"].value = saved.outcome;
  const more = form.querySelector("details");
  if (more && saved.more) more.open = true;
}

function showError(name, text) {
  const element = document.getElementById(name === "authorise" ? "authorise-error" : `field-${name}-error`);
  const control = name === "authorise" ? authorise : form.elements[name];
  if (!element) return;
  element.textContent = text;
  element.hidden = !text;
  if (!control) return;
  if (text && control !== authorise) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

function showErrors(errors) {
  for (const [name, text] of Object.entries(errors)) showError(name, text);
  const first = [authorise, ...controls()].find((control) => control && (control === authorise ? "authorise" : control.name) in errors);
  if (!first) return;
  const folded = first.closest("details");
  if (folded) folded.open = true;
  first.focus();
}

function mark(line, status) {
  line.dataset.status = status;
  line.querySelector(".verdict").textContent = statusLabels[status] || status;
}

async function showTests(verdict) {
  const lines = [...tests.querySelectorAll("li")];
  for (const [number, test] of verdict.tests.entries()) {
    if (test.status !== "SKIPPED") {
      mark(lines[number], "running");
      await pause(pace);
    }
    mark(lines[number], test.status);
  }
}

function showFailure(text) {
  const note = document.createElement("p");
  note.className = "failed";
  note.setAttribute("role", "alert");
  note.textContent = text;
  result.replaceChildren(note);
}

function showWarning(text) {
  const note = document.createElement("p");
  note.className = "notice";
  note.setAttribute("role", "alert");
  note.textContent = text;
  result.prepend(note);
}

async function finish(warning) {
  result.replaceChildren(document.getElementById("passed").content.cloneNode(true));
  save.parentElement.hidden = true;
  const next = document.getElementById("continue");
  (next || result.firstElementChild).focus();
  if (warning) {
    result.querySelector(".back")?.remove();
    showWarning(warning.message);
    return;
  }
  if (!form.dataset.back) return;
  await pause(pace * 2);
  location.assign(form.dataset.back);
}

async function requestTests() {
  const outcome = form.elements["sandbox-outcome"].value;
  const response = await fetch("test", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: form.dataset.auth, values: values(), outcome }),
  });
  const verdict = await response.json();
  if (!response.ok) throw new Error(verdict.message);
  return verdict;
}

function startTests() {
  for (const line of tests.querySelectorAll("li")) mark(line, "waiting");
  tests.hidden = false;
  tests.scrollIntoView({ block: "nearest" });
}

async function saveAndTest() {
  for (const control of controls()) showError(control.name, "");
  if (authorise) showError("authorise", "");
  result.replaceChildren();
  tests.hidden = true;
  const verdict = await requestTests();
  if (Object.keys(verdict.errors).length) {
    showErrors(verdict.errors);
    return;
  }
  startTests();
  await showTests(verdict);
  if (verdict.passed) {
    await finish(verdict.tests.find((test) => test.status === "WARNING"));
    return;
  }
  showFailure(verdict.tests.find((test) => test.status === "FAILED").message);
  for (const [name, text] of Object.entries(verdict.blamed)) showError(name, text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  save.disabled = true;
  try {
    await saveAndTest();
  } catch (error) {
    tests.hidden = false;
    showFailure(error.message || "The sandbox does not respond. Try again.");
  } finally {
    save.disabled = false;
  }
});

form.addEventListener("input", (event) => {
  showDependents();
  if (event.target.name) showError(event.target.name, "");
});

for (const button of form.querySelectorAll(".show")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.getAttribute("aria-controls"));
    const hide = field.type === "text";
    field.type = hide ? "password" : "text";
    button.textContent = hide ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!hide));
  });
}

if (authorise) {
  authorise.addEventListener("click", saveDraft);
  authorise.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    authorise.click();
  });
}

restoreDraft();
showDependents();
// Before this script ran, the button would have submitted the form without the tests.
save.disabled = false;
