// One connector as a row, unpacked from the payload.

import { fold } from "../shared/text.js";

export const TONES = { bad: "red", attention: "orange", busy: "blue", quiet: "gray", good: "green" };
export const TONE_ORDER = Object.keys(TONES);

export function unpack(data) {
  const services = data.services.map(([service, serviceName, icon, docs, category]) =>
    ({ service, serviceName, icon, docs, category, words: fold(`${serviceName} ${service}`) }));
  const states = data.states.map(([status, tone, reason]) =>
    ({ status, reason, tone: tone in TONES ? tone : "quiet", words: fold(status) }));
  return data.rows.map((packed) => unpackRow(packed, data, services[packed[3]], states[packed[4]]));
}

// Names every property: spreading objects into thousands of rows is slower.
function unpackRow(packed, { choices, rhythms }, { service, serviceName, icon, docs, category, words }, state) {
  const [id, name, schema, , , choice, rhythm, since, last, failed, due, isMarked, expected] = packed;
  const [next, ...also] = choices[choice];
  const [frequency, dueWords, minutes] = rhythms[rhythm];
  return {
    id, name, schema, service, serviceName, icon, docs, category, next, also, frequency, dueWords, isMarked,
    status: state.status,
    tone: state.tone,
    reason: state.reason,
    words: `${fold(`${name} ${schema}`)} ${words} ${state.words}`,
    since: momentOf(since),
    last: momentOf(last),
    failed: momentOf(failed),
    interval: minutes ? minutes * 60000 : null,
    due: momentOf(due),
    expected: momentOf(expected),
  };
}

// Returns milliseconds, or null if the text is not a time.
function momentOf(text) {
  const moment = text ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? null : moment;
}
