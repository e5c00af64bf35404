// How the control page words what the sandbox answers.

// Returns a connector's state as [word, tone].
export function connectorState({ status, paused, failed_at: failedAt, succeeded_at: succeededAt }) {
  const { setup_state: setup, sync_state: sync, update_state: update } = status;
  if (setup === "broken") return ["Broken", "bad"];
  if (setup === "incomplete") return ["Incomplete", "note"];
  if (paused) return ["Paused", ""];
  if (sync === "syncing") return [status.is_historical_sync ? "First sync" : "Syncing", "good"];
  if (sync === "rescheduled") return ["Rescheduled", "note"];
  if (update === "delayed") return ["Delayed", "note"];
  if (failedAt && failedAt > (succeededAt || "")) return ["Failing", "bad"];
  return ["Healthy", "good"];
}

export function faultName(kind) {
  return kind.replace("_", " ");
}

export function faultFrequency({ times, share, struck }) {
  return times === null ? `${Math.round(share * 1000) / 10} % of requests` : `${times - struck} more`;
}

// Returns one logged request as the texts of its cells.
export function requestCells({ method, path, status, milliseconds, fault }) {
  const suffix = fault ? ` (${faultName(fault)})` : "";
  return [`${method} ${path}${suffix}`, String(status || "none"), `${milliseconds} ms`];
}

export function isFailed({ status }) {
  return !status || status >= 400;
}

// Returns [name, number] of what the account holds.
export function accountStatistics(state) {
  const setup = Object.entries(state.setup_states)
    .map(([name, count]) => [name[0].toUpperCase() + name.slice(1), count]);
  return [["Groups", state.groups], ["Connectors", state.connectors], ...setup, ["Seed", state.seed]];
}

// Returns what a snapshot holds, in a line.
export function snapshotSummary({ now, connectors }) {
  const noun = connectors === 1 ? "connector" : "connectors";
  return `${now.slice(0, 16).replace("T", " ")} UTC, ${connectors.toLocaleString("en")} ${noun}`;
}

export function requestsLeft(number) {
  return number === null ? "No limit." : `${number.toLocaleString("en")} left this hour.`;
}

export function matchCount(total, shown) {
  return total > shown ? `The first ${shown} of ${total.toLocaleString("en")}` : `${total}`;
}
