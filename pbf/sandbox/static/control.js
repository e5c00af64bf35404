// The control page: shows the state of the sandbox and changes it through its control API.

import { byId, create, createRow, draw, drawList, setUnlessFocused } from "./elements.js";
import {
  accountStatistics, connectorState, faultFrequency, faultName, isFailed, matchCount, requestCells, requestsLeft,
  snapshotSummary,
} from "./wording.js";

const REFRESH_MS = 2000;
const MAX_REQUESTS = 12;
let isRefreshing = false;

async function request(path, method = "GET", body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const response = await fetch(path, options);
  const data = await response.json();
  if (!response.ok) throw new Error(data.message);
  return data;
}

function showMessage(text, isError = false) {
  const message = byId("message");
  message.hidden = !text;
  message.textContent = text;
  message.toggleAttribute("data-bad", isError);
  if (text) message.scrollIntoView({ block: "nearest" });
}

// Runs an action and shows the message that it returns.
async function run(action) {
  try {
    showMessage((await action()) || "");
  } catch (error) {
    showMessage(error.message || "The sandbox does not respond.", true);
  }
  await refresh();
}

// Sends a request and returns the message for its success.
async function change(message, path, method, body) {
  await request(path, method, body);
  return message;
}

function actionButton(text, name, action) {
  const button = create("button", text, "button button-plain button-small");
  button.type = "button";
  button.setAttribute("aria-label", `${text} ${name}`);
  button.addEventListener("click", () => run(action));
  return button;
}

function connectorItem(connector) {
  const { id, schema, service } = connector;
  const item = create("li");
  const name = create("div");
  name.append(create("p", schema, "what"), create("p", `${service}, ${id}`, "hint"));
  const [word, tone] = connectorState(connector);
  const button = (text, verb, outcome, body = {}) => actionButton(text, schema, () =>
    change(`${schema} ${outcome}.`, `connections/${encodeURIComponent(id)}/${verb}`, "POST", body));
  const buttons = create("div", undefined, "tags");
  buttons.append(
    button("Break", "break", "is broken"),
    button("Break until sync", "break", "is broken until a sync succeeds", { until: "sync" }),
    button("Mend", "mend", "is mended"), button("Delay", "delay", "is delayed"),
  );
  item.append(name, create("span", word, `word${tone ? ` word-${tone}` : ""}`), buttons);
  return item;
}

function faultItem(fault) {
  const { id, kind, method, path, struck, matched } = fault;
  const item = create("li");
  const description = create("div");
  description.append(
    create("p", `${faultName(kind)}, ${faultFrequency(fault)}`, "what"),
    create("p", `${method || "Any method"} ${path}, applied to ${struck} of ${matched}`, "hint"),
  );
  const clear = actionButton("Clear", `${kind} ${path}`, () =>
    change("The fault was cleared.", `faults/${id}`, "DELETE"));
  item.append(description, clear);
  return item;
}

function snapshotItem(snapshot) {
  const { name } = snapshot;
  const item = create("li");
  const description = create("div");
  description.append(create("p", name, "what"), create("p", snapshotSummary(snapshot), "hint"));
  const path = `snapshots/${encodeURIComponent(name)}`;
  const buttons = create("div", undefined, "tags");
  buttons.append(
    actionButton("Restore", name, () => change(`“${name}” was restored.`, `${path}/restore`, "POST", {})),
    actionButton("Delete", name, () => change(`“${name}” was deleted.`, path, "DELETE")),
  );
  item.append(description, buttons);
  return item;
}

function showState(state) {
  byId("now").textContent = state.now.slice(0, 19).replace("T", " ");
  const statistics = accountStatistics(state);
  draw("statistics", statistics, () => statistics.map(([name, count]) => {
    const pair = create("div");
    pair.append(create("dt", name), create("dd", count.toLocaleString("en")));
    return pair;
  }));
  setUnlessFocused("speed", String(state.speed));
  setUnlessFocused("plan", state.limits);
  setUnlessFocused("account-plan", state.plan);
  setUnlessFocused("role", state.role);
  setUnlessFocused("previews", state.previews ? "on" : "off");
  byId("requests-left").textContent = requestsLeft(state.requests_left);
}

function showRequests({ counts, requests }) {
  const pairs = Object.entries(counts).slice(0, MAX_REQUESTS);
  draw("counts", pairs, () => (pairs.length
    ? pairs.map(([name, count]) => createRow([name, String(count)])) : [createRow(["No requests yet."])]));
  const latest = requests.slice().reverse();
  draw("latest", latest, () => latest.map((entry) =>
    createRow(requestCells(entry), isFailed(entry) ? "failed-row" : "")));
}

function showFaults(faults) {
  drawList("faults", faults, faultItem, "None. Every request is answered normally.");
  byId("clear-faults").hidden = !faults.length;
}

function showConnectors({ connections, found: total }) {
  drawList("connector-list", connections, connectorItem, "No connectors match your search.");
  byId("connector-count").textContent = matchCount(total, connections.length);
}

async function refresh() {
  if (isRefreshing) return;
  isRefreshing = true;
  try {
    const search = encodeURIComponent(byId("search").value);
    const [state, { faults }, log, connectors, { snapshots }] = await Promise.all([
      request("state"), request("faults"), request(`requests?limit=${MAX_REQUESTS}`), request(`connections?search=${search}`),
      request("snapshots"),
    ]);
    showState(state);
    showRequests(log);
    showFaults(faults);
    showConnectors(connectors);
    drawList("snapshots", snapshots, snapshotItem, "None yet.");
  } catch {
    showMessage("The sandbox does not respond.", true);
  } finally {
    isRefreshing = false;
  }
}

function onSubmit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run(action);
  });
}

function onEvent(id, type, action) {
  byId(id).addEventListener(type, (event) => run(() => action(event.target.value)));
}

const numberIn = (id) => Number(byId(id).value);

onSubmit("set-clock", () => change("The clock was moved.", "clock", "POST", { set: `${byId("set").value}Z` }));

onSubmit("seed", () => {
  const states = {};
  for (const field of document.querySelectorAll("[name^=state-]")) {
    if (Number(field.value)) states[field.name.slice("state-".length)] = Number(field.value);
  }
  const [groups, connectors] = [numberIn("groups"), numberIn("connectors")];
  return change(`Added ${groups} groups and ${connectors} connectors.`, "seed", "POST", { groups, connectors, states });
});

onSubmit("save-snapshot", () => {
  const name = byId("snapshot-name").value;
  return change(`The snapshot “${name}” was taken.`, "snapshots", "POST", { name });
});

onSubmit("reset", () => change("The account was reset.", "reset", "POST", { seed: numberIn("reset-seed") }));

onSubmit("add-fault", () => {
  const fault = { kind: byId("kind").value, method: byId("method").value || null, path: byId("path").value };
  if (byId("frequency").value === "share") fault.share = numberIn("amount") / 100;
  else fault.times = numberIn("amount");
  for (const name of ["seconds", "retry_after"]) {
    if (!byId(name).parentElement.hidden) fault[name] = numberIn(name);
  }
  return change("The fault was added.", "faults", "POST", fault);
});

// Shows the fields that the selected kind of fault has.
function showFaultFields() {
  for (const field of document.querySelectorAll("[data-for]")) {
    field.hidden = !field.dataset.for.split(" ").includes(byId("kind").value);
  }
}

byId("kind").addEventListener("change", () => {
  showFaultFields();
  byId("path").value = byId("kind").value.startsWith("card_") ? "/connect-card/*" : "/v1/**";
});
onEvent("speed", "change", (speed) => change("The speed was changed.", "clock", "POST", { speed: Number(speed) }));
onEvent("plan", "change", (plan) => change("The limits were changed.", "limits", "POST", { plan }));
onEvent("account-plan", "change", (plan) => change("The plan was changed.", "switches", "POST", { plan }));
onEvent("role", "change", (role) => change("The role was changed.", "switches", "POST", { role }));
onEvent("previews", "change", (choice) =>
  change("The previews were changed.", "switches", "POST", { previews: choice === "on" }));
onEvent("clear-faults", "click", () => change("All faults were cleared.", "faults", "DELETE"));
onEvent("clear-requests", "click", () => change("", "requests", "DELETE"));
byId("search").addEventListener("input", refresh);
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () =>
    run(() => change("The clock was moved.", "clock", "POST", { advance: Number(button.dataset.advance) })));
}

showFaultFields();
refresh();
setInterval(() => document.visibilityState === "visible" && refresh(), REFRESH_MS);
