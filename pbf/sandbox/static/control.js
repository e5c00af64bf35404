"use strict";

const byId = (id) => document.getElementById(id);
const pace = 2000;
const rowLimit = 12;
const rendered = new Map();
let refreshing = false;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function button(text, name, action) {
  const element = make("button", text, "button button-plain button-small");
  element.type = "button";
  element.setAttribute("aria-label", `${text} ${name}`);
  element.addEventListener("click", () => run(action));
  return element;
}

function render(id, data, build) {
  const text = JSON.stringify(data);
  if (rendered.get(id) === text) return;
  rendered.set(id, text);
  const container = byId(id);
  const focused = container.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  container.replaceChildren(...build());
  if (focused) container.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

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

async function run(action) {
  try {
    showMessage((await action()) || "");
  } catch (error) {
    showMessage(error.message || "The sandbox does not respond.", true);
  }
  await refresh();
}

function stateOf(item) {
  const { setup_state: setup, sync_state: sync, update_state: update } = item.status;
  if (setup === "broken") return ["Broken", "bad"];
  if (setup === "incomplete") return ["Incomplete", "note"];
  if (item.paused) return ["Paused", ""];
  if (sync === "syncing") return [item.status.is_historical_sync ? "First sync" : "Syncing", "good"];
  if (sync === "rescheduled") return ["Rescheduled", "note"];
  if (update === "delayed") return ["Delayed", "note"];
  if (item.failed_at && item.failed_at > (item.succeeded_at || "")) return ["Failing", "bad"];
  return ["Healthy", "good"];
}

function connectorRow(item) {
  const row = make("li");
  const name = make("div");
  name.append(make("p", item.schema, "what"), make("p", `${item.service}, ${item.id}`, "hint"));
  const [word, tone] = stateOf(item);
  const path = `connections/${encodeURIComponent(item.id)}`;
  const apply = (action, result) => async () => {
    await request(`${path}/${action}`, "POST", {});
    return `${item.schema} ${result}.`;
  };
  const tags = make("div", undefined, "tags");
  tags.append(
    button("Break", item.schema, apply("break", "is broken")),
    button("Mend", item.schema, apply("mend", "is mended")),
    button("Delay", item.schema, apply("delay", "is delayed")),
  );
  row.append(name, make("span", word, `word${tone ? ` word-${tone}` : ""}`), tags);
  return row;
}

function faultRow(fault) {
  const row = make("li");
  const description = make("div");
  const frequency = fault.times === null ? `${Math.round(fault.share * 1000) / 10} % of requests` : `${fault.times - fault.struck} more`;
  description.append(
    make("p", `${fault.kind.replace("_", " ")}, ${frequency}`, "what"),
    make("p", `${fault.method || "Any method"} ${fault.path}, applied to ${fault.struck} of ${fault.matched}`, "hint"),
  );
  const clear = button("Clear", `${fault.kind} ${fault.path}`, async () => {
    await request(`faults/${fault.id}`, "DELETE");
    return "The fault was cleared.";
  });
  row.append(description, clear);
  return row;
}

function cells(texts, className) {
  const row = make("tr", undefined, className);
  row.append(...texts.map((text) => make("td", text)));
  return row;
}

function setUnlessFocused(id, value) {
  const control = byId(id);
  if (document.activeElement === control) return;
  if (![...control.options].some((option) => option.value === value)) {
    control.append(new Option(`${value} times as fast`, value));
  }
  control.value = value;
}

function showState(state) {
  byId("now").textContent = state.now.slice(0, 19).replace("T", " ");
  const setup = Object.entries(state.setup_states).map(([name, count]) => [name[0].toUpperCase() + name.slice(1), count]);
  const statistics = [["Groups", state.groups], ["Connectors", state.connectors], ...setup, ["Seed", state.seed]];
  render("statistics", statistics, () => statistics.map(([name, count]) => {
    const pair = make("div");
    pair.append(make("dt", name), make("dd", count.toLocaleString("en")));
    return pair;
  }));
  setUnlessFocused("speed", String(state.speed));
  setUnlessFocused("plan", state.limits);
  const left = state.requests_left;
  byId("requests-left").textContent = left === null ? "No limit." : `${left.toLocaleString("en")} left this hour.`;
}

function showRequests(log) {
  const counts = Object.entries(log.counts).slice(0, rowLimit);
  const none = [make("tr")];
  none[0].append(make("td", "No requests yet."));
  render("counts", counts, () => (counts.length ? counts.map((pair) => cells([pair[0], String(pair[1])])) : none));
  const latest = log.requests.slice().reverse();
  render("latest", latest, () => latest.map((entry) => {
    const path = entry.fault ? `${entry.path} (${entry.fault.replace("_", " ")})` : entry.path;
    const status = entry.status || "none";
    return cells([`${entry.method} ${path}`, String(status), `${entry.milliseconds} ms`], entry.status < 400 && entry.status ? "" : "failed-row");
  }));
}

function showList(id, items, row, empty) {
  render(id, items, () => (items.length ? items.map(row) : [make("li", empty, "none")]));
}

async function refresh() {
  if (refreshing) return;
  refreshing = true;
  try {
    const search = encodeURIComponent(byId("search").value);
    const [state, faults, log, results] = await Promise.all([
      request("state"), request("faults"), request(`requests?limit=${rowLimit}`), request(`connections?search=${search}`),
    ]);
    showState(state);
    showRequests(log);
    showList("faults", faults.faults, faultRow, "None. Every request is answered normally.");
    showList("connector-list", results.connections, connectorRow, "No connectors match your search.");
    byId("clear-faults").hidden = !faults.faults.length;
    byId("connector-count").textContent = results.found > results.connections.length
      ? `The first ${results.connections.length} of ${results.found.toLocaleString("en")}` : `${results.found}`;
  } catch {
    showMessage("The sandbox does not respond.", true);
  } finally {
    refreshing = false;
  }
}

function onSubmit(id, action) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run(action);
  });
}

const numberIn = (id) => Number(byId(id).value);

onSubmit("set-clock", async () => {
  await request("clock", "POST", { set: `${byId("set").value}Z` });
  return "The clock was moved.";
});

onSubmit("seed", async () => {
  const states = {};
  for (const field of document.querySelectorAll("[name^=state-]")) {
    if (Number(field.value)) states[field.name.slice("state-".length)] = Number(field.value);
  }
  await request("seed", "POST", { groups: numberIn("groups"), connectors: numberIn("connectors"), states });
  return `Added ${numberIn("groups")} groups and ${numberIn("connectors")} connectors.`;
});

onSubmit("reset", async () => {
  await request("reset", "POST", { seed: numberIn("reset-seed") });
  return "The account was reset.";
});

onSubmit("add-fault", async () => {
  const kind = byId("kind").value;
  const rule = { kind, method: byId("method").value || null, path: byId("path").value };
  if (byId("frequency").value === "share") rule.share = numberIn("amount") / 100;
  else rule.times = numberIn("amount");
  if (!byId("seconds").parentElement.hidden) rule.seconds = numberIn("seconds");
  if (!byId("retry_after").parentElement.hidden) rule.retry_after = numberIn("retry_after");
  await request("faults", "POST", rule);
  return "The fault was added.";
});

function showFaultFields() {
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(byId("kind").value);
  }
}

byId("kind").addEventListener("change", () => {
  showFaultFields();
  byId("path").value = byId("kind").value.startsWith("card_") ? "/connect-card/*" : "/v1/**";
});
byId("speed").addEventListener("change", (event) => run(() => request("clock", "POST", { speed: Number(event.target.value) }).then(() => "The speed was changed.")));
byId("plan").addEventListener("change", (event) => run(() => request("limits", "POST", { plan: event.target.value }).then(() => "The limits were changed.")));
byId("clear-faults").addEventListener("click", () => run(() => request("faults", "DELETE").then(() => "All faults were cleared.")));
byId("clear-requests").addEventListener("click", () => run(() => request("requests", "DELETE").then(() => "")));
byId("search").addEventListener("input", refresh);
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => run(() => request("clock", "POST", { advance: Number(button.dataset.advance) }).then(() => "The clock was moved.")));
}

showFaultFields();
refresh();
setInterval(() => { if (document.visibilityState === "visible") refresh(); }, pace);
