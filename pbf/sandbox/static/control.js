"use strict";

const at = (id) => document.getElementById(id);
const pace = 2000;
const shown = 12;
const drawn = new Map();
let refreshing = false;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function button(text, name, action) {
  const made = make("button", text, "button button-plain button-small");
  made.type = "button";
  made.setAttribute("aria-label", `${text} ${name}`);
  made.addEventListener("click", () => act(action));
  return made;
}

function draw(id, data, build) {
  const text = JSON.stringify(data);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  const place = at(id);
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  place.replaceChildren(...build());
  if (focused) place.querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

async function ask(path, method = "GET", body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(path, options);
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.message);
  return data;
}

function tell(text, bad = false) {
  const told = at("told");
  told.hidden = !text;
  told.textContent = text;
  told.toggleAttribute("data-bad", bad);
  if (text) told.scrollIntoView({ block: "nearest" });
}

async function act(action) {
  try {
    tell((await action()) || "");
  } catch (error) {
    tell(error.message || "The sandbox does not answer.", true);
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
  const doTo = (verb, done) => async () => {
    await ask(`${path}/${verb}`, "POST", {});
    return `${item.schema} ${done}.`;
  };
  const tags = make("div", undefined, "tags");
  tags.append(
    button("Break", item.schema, doTo("break", "is broken")),
    button("Mend", item.schema, doTo("mend", "is mended")),
    button("Delay", item.schema, doTo("delay", "is late")),
  );
  row.append(name, make("span", word, `word${tone ? ` word-${tone}` : ""}`), tags);
  return row;
}

function faultRow(fault) {
  const row = make("li");
  const words = make("div");
  const often = fault.times === null ? `${Math.round(fault.share * 1000) / 10} % of requests` : `${fault.times - fault.struck} more`;
  words.append(
    make("p", `${fault.kind.replace("_", " ")}, ${often}`, "what"),
    make("p", `${fault.method || "Any method"} ${fault.path}, struck ${fault.struck} of ${fault.matched}`, "hint"),
  );
  const clear = button("Clear", `${fault.kind} ${fault.path}`, async () => {
    await ask(`faults/${fault.id}`, "DELETE");
    return "The fault is taken back.";
  });
  row.append(words, clear);
  return row;
}

function cells(texts, className) {
  const row = make("tr", undefined, className);
  row.append(...texts.map((text) => make("td", text)));
  return row;
}

function setUnlessFocused(id, value) {
  const control = at(id);
  if (document.activeElement === control) return;
  if (![...control.options].some((option) => option.value === value)) {
    control.append(new Option(`${value} times as fast`, value));
  }
  control.value = value;
}

function showState(state) {
  at("now").textContent = state.now.slice(0, 19).replace("T", " ");
  const setup = Object.entries(state.setup_states).map(([name, count]) => [name[0].toUpperCase() + name.slice(1), count]);
  const figures = [["Groups", state.groups], ["Connectors", state.connectors], ...setup, ["Seed", state.seed]];
  draw("figures", figures, () => figures.map(([name, count]) => {
    const pair = make("div");
    pair.append(make("dt", name), make("dd", count.toLocaleString("en")));
    return pair;
  }));
  setUnlessFocused("speed", String(state.speed));
  setUnlessFocused("plan", state.limits);
  const left = state.requests_left;
  at("left").textContent = left === null ? "No request is refused." : `${left.toLocaleString("en")} left in this hour.`;
}

function showRequests(log) {
  const counts = Object.entries(log.counts).slice(0, shown);
  const none = [make("tr")];
  none[0].append(make("td", "No request yet."));
  draw("counts", counts, () => (counts.length ? counts.map((pair) => cells([pair[0], String(pair[1])])) : none));
  const latest = log.requests.slice().reverse();
  draw("latest", latest, () => latest.map((each) => {
    const path = each.fault ? `${each.path} (${each.fault.replace("_", " ")})` : each.path;
    const status = each.status || "none";
    return cells([`${each.method} ${path}`, String(status), `${each.milliseconds} ms`], each.status < 400 && each.status ? "" : "failed-row");
  }));
}

function showList(id, items, row, empty) {
  draw(id, items, () => (items.length ? items.map(row) : [make("li", empty, "none")]));
}

async function refresh() {
  if (refreshing) return;
  refreshing = true;
  try {
    const search = encodeURIComponent(at("search").value);
    const [state, faults, log, found] = await Promise.all([
      ask("state"), ask("faults"), ask(`requests?limit=${shown}`), ask(`connections?search=${search}`),
    ]);
    showState(state);
    showRequests(log);
    showList("faults", faults.faults, faultRow, "None: every request goes well.");
    showList("connector-list", found.connections, connectorRow, "No connector has that in its name, service or id.");
    at("clear-faults").hidden = !faults.faults.length;
    at("found").textContent = found.found > found.connections.length
      ? `The first ${found.connections.length} of ${found.found.toLocaleString("en")}` : `${found.found}`;
  } catch {
    tell("The sandbox does not answer.", true);
  } finally {
    refreshing = false;
  }
}

function onSubmit(id, action) {
  at(id).addEventListener("submit", (event) => {
    event.preventDefault();
    act(action);
  });
}

const whole = (id) => Number(at(id).value);

onSubmit("set-clock", async () => {
  await ask("clock", "POST", { set: `${at("set").value}Z` });
  return "The clock is moved.";
});

onSubmit("seed", async () => {
  const states = {};
  for (const field of document.querySelectorAll("[name^=state-]")) {
    if (Number(field.value)) states[field.name.slice("state-".length)] = Number(field.value);
  }
  await ask("seed", "POST", { groups: whole("groups"), connectors: whole("connectors"), states });
  return `Added ${whole("groups")} groups and ${whole("connectors")} connectors.`;
});

onSubmit("reset", async () => {
  await ask("reset", "POST", { seed: whole("reset-seed") });
  return "The account is as it was at the start.";
});

onSubmit("order", async () => {
  const kind = at("kind").value;
  const order = { kind, method: at("method").value || null, path: at("path").value };
  if (at("often").value === "share") order.share = whole("amount") / 100;
  else order.times = whole("amount");
  if (!at("seconds").parentElement.hidden) order.seconds = whole("seconds");
  if (!at("retry_after").parentElement.hidden) order.retry_after = whole("retry_after");
  await ask("faults", "POST", order);
  return "The fault is ordered.";
});

function showFaultFields() {
  for (const part of document.querySelectorAll("[data-for]")) {
    part.hidden = !part.dataset.for.split(" ").includes(at("kind").value);
  }
}

at("kind").addEventListener("change", () => {
  showFaultFields();
  at("path").value = at("kind").value.startsWith("card_") ? "/connect-card/*" : "/v1/**";
});
at("speed").addEventListener("change", (event) => act(() => ask("clock", "POST", { speed: Number(event.target.value) }).then(() => "The speed is changed.")));
at("plan").addEventListener("change", (event) => act(() => ask("limits", "POST", { plan: event.target.value }).then(() => "The limits are changed.")));
at("clear-faults").addEventListener("click", () => act(() => ask("faults", "DELETE").then(() => "Every fault is taken back.")));
at("clear-requests").addEventListener("click", () => act(() => ask("requests", "DELETE").then(() => "")));
at("search").addEventListener("input", refresh);
for (const each of document.querySelectorAll("[data-advance]")) {
  each.addEventListener("click", () => act(() => ask("clock", "POST", { advance: Number(each.dataset.advance) }).then(() => "The clock is moved.")));
}

showFaultFields();
refresh();
setInterval(() => { if (document.visibilityState === "visible") refresh(); }, pace);
