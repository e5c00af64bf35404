// The ranges that the overview's charts lead to: how late a connector is, and when it last ended.
// In the address they read "1..4", with either end left out, "never" and "none".

const HOUR_MS = 3600000;
const RANGES = {
  late: (row, now) => [lateness(row, now)],
  succeeded: (row, now) => [hoursSince(row.last, now)],
  failed: (row, now) => [hoursSince(row.failed, now)],
  ended: (row, now) => [hoursSince(row.last, now), hoursSince(row.failed, now)],
};
const RANGE_NAMES = Object.keys(RANGES);
const RANGE_SHAPE = /^(\d*\.?\d+)?\.\.(\d*\.?\d+)?$/;
const RANGE_WORDS = { never: "No success yet", none: "Not measured" };

// In units of its own interval; infinite where nothing has succeeded yet, NaN where that is not known.
function lateness(row, now) {
  if (row.interval === null) return NaN;
  if (row.last === null) return Infinity;
  return Math.max(0, (now - (row.expected ?? row.last + row.interval)) / row.interval);
}

function hoursSince(moment, now) {
  return moment === null ? NaN : (now - moment) / HOUR_MS;
}

// The range that an address names, as {name, text}; none if it names none that makes sense.
function rangeOf(wanted) {
  const name = RANGE_NAMES.find((each) => wanted[each]);
  const text = wanted[name];
  if (!name) return null;
  const known = name === "late" && Object.hasOwn(RANGE_WORDS, text);
  return known || (text !== ".." && RANGE_SHAPE.test(text)) ? { name, text } : null;
}

function rangeAddress(range) {
  return Object.fromEntries(RANGE_NAMES.map((name) => [name, range?.name === name ? range.text : ""]));
}

function inRange(rows, range, now) {
  if (!range) return rows;
  if (range.text === "none") return rows.filter((row) => Number.isNaN(lateness(row, now)));
  if (range.text === "never") return rows.filter((row) => lateness(row, now) === Infinity);
  const [, from, to] = RANGE_SHAPE.exec(range.text);
  const [least, most] = [Number(from ?? 0), to === undefined ? Number.MAX_VALUE : Number(to)];
  const fits = (value) => value >= least && value < most;
  return rows.filter((row) => RANGES[range.name](row, now).some(fits));
}

function rangeLabel({ name, text }) {
  if (text in RANGE_WORDS) return RANGE_WORDS[text];
  const [, from, to] = RANGE_SHAPE.exec(text);
  const span = to === undefined ? `over ${from ?? 0}` : from === undefined ? `up to ${to}` : `${from} to ${to}`;
  if (name === "late") return from === undefined && to !== undefined ? "On time" : `Late by ${span} intervals`;
  return `${name[0].toUpperCase()}${name.slice(1)} ${span} hours ago`;
}

function showRange(view) {
  view.rangeChip.hidden = !view.range;
  if (view.range) view.rangeChip.firstElementChild.textContent = rangeLabel(view.range);
}
