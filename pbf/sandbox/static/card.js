"use strict";

const form = document.getElementById("card");
const save = document.getElementById("save");
const tests = document.getElementById("tests");
const result = document.getElementById("result");
const consent = document.getElementById("consent");
const authorise = document.getElementById("authorise");
const draft = "sandbox-card:" + form.dataset.auth.slice(-24);
const pace = 450;
const words = { waiting: "Waiting", running: "Running", PASSED: "Passed", WARNING: "Warning", FAILED: "Failed", SKIPPED: "Skipped" };

const pause = (time) => new Promise((done) => setTimeout(done, time));
const valueOf = (control) => (control.type === "checkbox" ? (control.checked ? "true" : "") : control.value);
const controls = () => [...form.querySelectorAll("[data-field] input, [data-field] select")];

function showDependents() {
  for (const part of form.querySelectorAll("[data-depends-on]")) {
    const decides = form.elements[part.dataset.dependsOn];
    const shown = !decides || part.dataset.dependsValues.split(" ").includes(valueOf(decides));
    part.hidden = !shown;
    for (const control of part.querySelectorAll("input, select")) control.disabled = !shown;
  }
}

function values() {
  const given = {};
  for (const control of controls()) if (!control.disabled) given[control.name] = valueOf(control);
  return given;
}

function keepDraft() {
  const given = {};
  for (const control of controls()) given[control.name] = valueOf(control);
  const outcome = form.elements["sandbox-outcome"].value;
  sessionStorage.setItem(draft, JSON.stringify({ given, outcome, more: Boolean(form.querySelector("details[open]")) }));
}

function isTouched(control) {
  if (control.type === "checkbox") return control.checked !== control.defaultChecked;
  return "defaultValue" in control && control.value !== control.defaultValue;
}

function takeDraft() {
  const kept = JSON.parse(sessionStorage.getItem(draft) || "null");
  sessionStorage.removeItem(draft);
  if (!kept) return;
  for (const control of controls()) {
    // What somebody typed while the page loaded counts more than what was typed before.
    if (!(control.name in kept.given) || isTouched(control)) continue;
    if (control.type === "checkbox") control.checked = kept.given[control.name] === "true";
    else control.value = kept.given[control.name];
  }
  form.elements["sandbox-outcome"].value = kept.outcome;
  const more = form.querySelector("details");
  if (more && kept.more) more.open = true;
}

function tell(name, text) {
  const place = document.getElementById(name === "authorise" ? "authorise-error" : `field-${name}-error`);
  const control = name === "authorise" ? authorise : form.elements[name];
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
  if (!control) return;
  if (text && control !== authorise) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

function showFaults(faults) {
  for (const [name, text] of Object.entries(faults)) tell(name, text);
  const first = [authorise, ...controls()].find((each) => each && (each === authorise ? "authorise" : each.name) in faults);
  if (!first) return;
  const folded = first.closest("details");
  if (folded) folded.open = true;
  first.focus();
}

function mark(line, status) {
  line.dataset.status = status;
  line.querySelector(".verdict").textContent = words[status] || status;
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
  const goOn = document.getElementById("continue");
  (goOn || result.firstElementChild).focus();
  if (warning) {
    result.querySelector(".back")?.remove();
    showWarning(warning.message);
    return;
  }
  if (!form.dataset.back) return;
  await pause(pace * 2);
  location.assign(form.dataset.back);
}

async function ask() {
  const outcome = form.elements["sandbox-outcome"].value;
  const answer = await fetch("test", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: form.dataset.auth, values: values(), outcome }),
  });
  const verdict = await answer.json();
  if (!answer.ok) throw new Error(verdict.message);
  return verdict;
}

function startTests() {
  for (const line of tests.querySelectorAll("li")) mark(line, "waiting");
  tests.hidden = false;
  tests.scrollIntoView({ block: "nearest" });
}

async function saveAndTest() {
  for (const control of controls()) tell(control.name, "");
  if (authorise) tell("authorise", "");
  result.replaceChildren();
  tests.hidden = true;
  const verdict = await ask();
  if (Object.keys(verdict.errors).length) {
    showFaults(verdict.errors);
    return;
  }
  startTests();
  await showTests(verdict);
  if (verdict.passed) {
    await finish(verdict.tests.find((test) => test.status === "WARNING"));
    return;
  }
  showFailure(verdict.tests.find((test) => test.status === "FAILED").message);
  for (const [name, text] of Object.entries(verdict.blamed)) tell(name, text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  save.disabled = true;
  try {
    await saveAndTest();
  } catch (error) {
    tests.hidden = false;
    showFailure(error.message || "The sandbox does not answer. Try again.");
  } finally {
    save.disabled = false;
  }
});

form.addEventListener("input", (event) => {
  showDependents();
  if (event.target.name) tell(event.target.name, "");
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
  authorise.addEventListener("click", keepDraft);
  authorise.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    authorise.click();
  });
}

takeDraft();
showDependents();
// Until now a press would have sent the form by itself, without the tests.
save.disabled = false;
