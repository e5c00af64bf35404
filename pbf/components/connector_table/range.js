// The ranges that the overview's charts link to: how late a connector is, and when a sync last ended.
// In the URL they read "1..4", with either end left out, or "never" or "none".

const HOUR_MS = 3600000;
const VALUES = {
  late: (row, now) => [lateness(row, now)],
  succeeded: (row, now) => [hoursSince(row.last, now)],
  failed: (row, now) => [hoursSince(row.failed, now)],
  ended: (row, now) => [hoursSince(row.last, now), hoursSince(row.failed, now)],
};
export const RANGE_NAMES = Object.keys(VALUES);
const RANGE_PATTERN = /^(\d*\.?\d+)?\.\.(\d*\.?\d+)?$/;
const RANGE_LABELS = { never: "No success yet", none: "Not measured" };

// Returns how late a connector is, in units of its interval: Infinity if nothing has succeeded yet,
// NaN if its interval is unknown.
export function lateness(row, now) {
  if (row.interval === null) return NaN;
  if (row.last === null) return Infinity;
  return Math.max(0, (now - (row.expected ?? row.last + row.interval)) / row.interval);
}

function hoursSince(moment, now) {
  return moment === null ? NaN : (now - moment) / HOUR_MS;
}

// Returns the range that query parameters name, as {name, text}; null if there is no valid one.
export function rangeOf(parameters) {
  const name = RANGE_NAMES.find((rangeName) => parameters[rangeName]);
  const text = parameters[name];
  if (!name) return null;
  const isLabelled = name === "late" && Object.hasOwn(RANGE_LABELS, text);
  return isLabelled || (text !== ".." && RANGE_PATTERN.test(text)) ? { name, text } : null;
}

// Returns a range as query parameters; those of the other ranges are empty.
export function rangeParameters(range) {
  return Object.fromEntries(RANGE_NAMES.map((name) => [name, range?.name === name ? range.text : ""]));
}

export function inRange(rows, range, now) {
  if (!range) return rows;
  if (range.text === "none") return rows.filter((row) => Number.isNaN(lateness(row, now)));
  if (range.text === "never") return rows.filter((row) => lateness(row, now) === Infinity);
  const [, from, to] = RANGE_PATTERN.exec(range.text);
  const [min, max] = [Number(from ?? 0), to === undefined ? Number.MAX_VALUE : Number(to)];
  const isInside = (value) => value >= min && value < max;
  return rows.filter((row) => VALUES[range.name](row, now).some(isInside));
}

export function rangeLabel({ name, text }) {
  if (text in RANGE_LABELS) return RANGE_LABELS[text];
  const [, from, to] = RANGE_PATTERN.exec(text);
  const span = to === undefined ? `over ${from ?? 0}` : from === undefined ? `up to ${to}` : `${from} to ${to}`;
  if (name === "late") return from === undefined && to !== undefined ? "On time" : `Late by ${span} intervals`;
  return `${name[0].toUpperCase()}${name.slice(1)} ${span} hours ago`;
}

export function showRange(view) {
  view.rangeChip.hidden = !view.range;
  if (view.range) view.rangeChip.firstElementChild.textContent = rangeLabel(view.range);
}
