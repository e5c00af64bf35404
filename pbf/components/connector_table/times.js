// Times in words, relative to now.

const MINUTE = 60;
const UNITS = [
  ["year", 365 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];

// Returns "" for less than a minute.
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  const [unit, length] = UNITS.find(([, unitLength]) => seconds >= unitLength) ?? ["", 0];
  if (!unit) return "";
  const number = Math.floor(seconds / length);
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

// By how much two clocks may differ, as in `clock.py`. What began later than that is not known.
const SKEW = 10000;

// The wording of a past event, of a state that lasts, and of a coming event, by milliseconds passed.
export const WORDING = {
  past: (passed) => (passed < -SKEW ? "not known" : duration(passed) ? `${duration(passed)} ago` : "just now"),
  lasting: (passed) =>
    (passed < -SKEW ? "" : duration(passed) ? `for ${duration(passed)}` : "for less than a minute"),
  coming: (passed) =>
    (passed >= 0 ? "Due now" : duration(-passed) ? `In about ${duration(-passed)}` : "Within a minute"),
};

function exactly(moment) {
  const iso = new Date(moment).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

// The HTML always has the wording of now, so that it does not change as time passes; `updateTimes`
// writes the right one.
export function timeHtml(moment, kind = "past") {
  const about = kind === "coming" ? "About " : "";
  return `<time datetime="${new Date(moment).toISOString()}" title="${about}${exactly(moment)}"
    data-at="${moment}" data-kind="${kind}">${WORDING[kind](0)}</time>`;
}

export function updateTimes(root, now) {
  for (const time of root.querySelectorAll("time")) {
    const text = WORDING[time.dataset.kind](now - Number(time.dataset.at));
    if (time.textContent !== text) time.textContent = text;
  }
}
