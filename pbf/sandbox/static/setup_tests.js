// The list of setup tests, and what they lead to.

const STEP_MS = 450;
const LABELS = {
  waiting: "Waiting",
  running: "Running",
  PASSED: "Passed",
  WARNING: "Warning",
  FAILED: "Failed",
  SKIPPED: "Skipped",
};

const list = document.getElementById("tests");
const result = document.getElementById("result");

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function showStatus(item, status) {
  item.dataset.status = status;
  item.querySelector(".verdict").textContent = LABELS[status] || status;
}

export function hideTests() {
  result.replaceChildren();
  list.hidden = true;
}

// Shows the results one after the other, as tests that take time.
export async function showTests(tests) {
  const items = [...list.querySelectorAll("li")];
  for (const item of items) showStatus(item, "waiting");
  list.hidden = false;
  list.scrollIntoView({ block: "nearest" });
  for (const [index, { status }] of tests.entries()) {
    if (status !== "SKIPPED") {
      showStatus(items[index], "running");
      await pause(STEP_MS);
    }
    showStatus(items[index], status);
  }
}

function alertOf(text, className) {
  const alert = Object.assign(document.createElement("p"), { className, textContent: text });
  alert.setAttribute("role", "alert");
  return alert;
}

export function showFailure(text) {
  list.hidden = false;
  result.replaceChildren(alertOf(text, "failed"));
}

// Shows that the tests passed, and goes back to the customer's page unless there is a warning to read.
export async function finish(returnUrl, warning) {
  result.replaceChildren(document.getElementById("passed").content.cloneNode(true));
  const link = document.getElementById("continue");
  (link || result.firstElementChild).focus();
  if (warning) {
    result.querySelector(".back")?.remove();
    result.prepend(alertOf(warning.message, "notice"));
    return;
  }
  if (!returnUrl) return;
  await pause(STEP_MS * 2);
  location.assign(returnUrl);
}
