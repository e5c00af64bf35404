// The Connect Card: a form that runs the setup tests instead of being submitted.

import { restoreDraft, saveDraft } from "./draft.js";
import { controlsOf, showDependents, valuesOf } from "./fields.js";
import { finish, hideTests, showFailure, showTests } from "./setup_tests.js";

const form = document.getElementById("card");
const save = document.getElementById("save");
const authorise = document.getElementById("authorise");

function showError(name, text) {
  const isAuthorise = name === "authorise";
  const message = document.getElementById(isAuthorise ? "authorise-error" : `field-${name}-error`);
  const control = isAuthorise ? authorise : form.elements[name];
  if (!message) return;
  message.textContent = text;
  message.hidden = !text;
  if (!control) return;
  if (text && !isAuthorise) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}

function showErrors(errors) {
  for (const [name, text] of Object.entries(errors)) showError(name, text);
  const first = authorise && "authorise" in errors
    ? authorise : controlsOf(form).find((control) => control.name in errors);
  if (!first) return;
  const details = first.closest("details");
  if (details) details.open = true;
  first.focus();
}

async function runTests() {
  const values = valuesOf(controlsOf(form).filter((control) => !control.disabled));
  const outcome = form.elements["sandbox-outcome"].value;
  const response = await fetch("test", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: form.dataset.auth, values, outcome }),
  });
  const verdict = await response.json();
  if (!response.ok) throw new Error(verdict.message);
  return verdict;
}

async function saveAndTest() {
  for (const control of controlsOf(form)) showError(control.name, "");
  if (authorise) showError("authorise", "");
  hideTests();
  const { errors, tests, passed, blamed } = await runTests();
  if (Object.keys(errors).length) {
    showErrors(errors);
    return;
  }
  await showTests(tests);
  if (passed) {
    save.parentElement.hidden = true;
    await finish(form.dataset.back, tests.find((test) => test.status === "WARNING"));
    return;
  }
  showFailure(tests.find((test) => test.status === "FAILED").message);
  for (const [name, text] of Object.entries(blamed)) showError(name, text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  save.disabled = true;
  try {
    await saveAndTest();
  } catch (error) {
    showFailure(error.message || "The sandbox does not respond. Try again.");
  } finally {
    save.disabled = false;
  }
});

form.addEventListener("input", (event) => {
  showDependents(form);
  if (event.target.name) showError(event.target.name, "");
});

for (const button of form.querySelectorAll(".show")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.getAttribute("aria-controls"));
    const isVisible = field.type === "text";
    field.type = isVisible ? "password" : "text";
    button.textContent = isVisible ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!isVisible));
  });
}

if (authorise) {
  authorise.addEventListener("click", () => saveDraft(form));
  authorise.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    authorise.click();
  });
}

restoreDraft(form);
showDependents(form);
// Enabled only now: earlier, a click would have submitted the form without the tests.
save.disabled = false;
