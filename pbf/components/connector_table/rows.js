// One connector as a row: what it says and how it is drawn.

const TONES = { bad: "red", attention: "orange", busy: "blue", quiet: "gray", good: "green" };
const TONE_ORDER = Object.keys(TONES);
const MINUTE = 60;
const UNITS = [
  ["year", 365 * 24 * 60 * MINUTE],
  ["month", 30 * 24 * 60 * MINUTE],
  ["day", 24 * 60 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];

const SHAPES = {
  check: '<circle cx="8" cy="8" r="6.2"/><path d="m5.2 8.2 2 2 3.7-4.2"/>',
  turn: '<path d="M13.6 8A5.6 5.6 0 1 1 11.8 3.9M13.4 1.8v3h-3"/>',
  warn: '<path d="M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.2"/>',
  cross: '<circle cx="8" cy="8" r="6.2"/><path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>',
  pause: '<circle cx="8" cy="8" r="6.2"/><path d="M6.4 5.8v4.4M9.6 5.8v4.4"/>',
  clock: '<circle cx="8" cy="8" r="6.2"/><path d="M8 4.6V8l2.2 1.6"/>',
  open: '<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.6 2.2"/>',
  ask: '<circle cx="8" cy="8" r="6.2"/><path d="M6.4 6.4a1.7 1.7 0 1 1 2.2 1.9c-.4.2-.6.5-.6.9M8 11.2v.1"/>',
};
const SHAPE_OF = {
  Paused: "pause",
  Late: "clock",
  "Waiting on the source": "clock",
  "Not finished": "open",
  Unknown: "ask",
};
const SHAPE_OF_TONE = { bad: "cross", attention: "warn", busy: "turn", quiet: "ask", good: "check" };

function unpack(data) {
  const services = data.services.map(([id, name, icon, docs, category]) =>
    ({ id, name, icon, docs, category, words: fold(`${name} ${id}`) }));
  const states = data.states.map(([status, tone, reason]) =>
    ({ status, reason, tone: tone in TONES ? tone : "quiet", words: fold(status) }));
  return data.rows.map((row) => {
    const [id, name, schema, service, state, choice, rhythm, since, last, failed, due, isMarked, expected] = row;
    const { id: serviceId, name: serviceName, icon, docs, category, words } = services[service];
    const { status, tone, reason, words: statusWords } = states[state];
    const [next, ...also] = data.choices[choice];
    const [frequency, dueWords, minutes] = data.rhythms[rhythm];
    return {
      id, name, schema, serviceName, icon, docs, category, status, tone, reason, next, also,
      frequency, dueWords, isMarked,
      service: serviceId,
      words: `${fold(`${name} ${schema}`)} ${words} ${statusWords}`,
      since: momentOf(since),
      last: momentOf(last),
      failed: momentOf(failed),
      interval: minutes ? minutes * 60000 : null,
      due: momentOf(due),
      expected: momentOf(expected),
    };
  });
}

// Milliseconds, or null for what is not a time.
function momentOf(text) {
  const moment = text ? Date.parse(text) : NaN;
  return Number.isNaN(moment) ? null : moment;
}

function span(milliseconds) {
  const seconds = milliseconds / 1000;
  const [unit, length] = UNITS.find((each) => seconds >= each[1]) ?? ["", 0];
  if (!unit) return "";
  const number = Math.floor(seconds / length);
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

// How a time is told from now: what was ("3 hours ago"), what lasts ("for 3 hours"), what comes.
const TOLD = {
  was: (passed) => (span(passed) ? `${span(passed)} ago` : "just now"),
  lasts: (passed) => (span(passed) ? `for ${span(passed)}` : "since just now"),
  comes: (passed) => (passed >= 0 ? "Due now" : span(-passed) ? `In about ${span(-passed)}` : "Within a minute"),
};

function exactly(moment) {
  const iso = new Date(moment).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

// The HTML says "now", so that the passing of time is no difference; `tickTimes` tells it right.
function timeHtml(moment, kind = "was") {
  const about = kind === "comes" ? "About " : "";
  return `<time datetime="${new Date(moment).toISOString()}" title="${about}${exactly(moment)}"
    data-at="${moment}" data-kind="${kind}">${TOLD[kind](0)}</time>`;
}

function tickTimes(body, now) {
  for (const time of body.querySelectorAll("time")) {
    const text = TOLD[time.dataset.kind](now - Number(time.dataset.at));
    if (time.textContent !== text) time.textContent = text;
  }
}

function glyph(row) {
  const shape = SHAPES[SHAPE_OF[row.status] ?? SHAPE_OF_TONE[row.tone]];
  return `<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shape}</svg>`;
}

function linkHtml(row, detail) {
  const name = escapeHtml(row.name);
  const href = detail ? escapeHtml(pageUrl(detail, { id: row.id })) : "";
  return href ? `<a class="open" data-act="open" href="${href}">${name}</a>` : name;
}

function nameHtml(row, detail) {
  const back = row.isMarked ? ' <span class="badge blue">Back from set-up</span>' : "";
  const permanent = row.name === row.schema ? "" : `<code>${escapeHtml(row.schema)}</code>`;
  return `<div class="who">${iconHtml(row.service, row.serviceName, row.icon)}
    <div><div class="name">${linkHtml(row, detail)}${back}</div>${permanent}<p class="of">${escapeHtml(row.serviceName)}</p></div></div>`;
}

function statusHtml(row) {
  const lasts = row.since !== null && (row.tone === "bad" || row.tone === "attention");
  const since = lasts ? ` <span class="quiet">${timeHtml(row.since, "lasts")}</span>` : "";
  const reason = row.reason ? `<p class="reason">${escapeHtml(row.reason)}</p>` : "";
  return `<span class="badge status ${TONES[row.tone]}">${glyph(row)}${escapeHtml(row.status)}</span>${since}${reason}`;
}

function dueHtml(row) {
  const due = row.due === null ? escapeHtml(row.dueWords) : timeHtml(row.due, "comes");
  const often = row.frequency === row.dueWords ? "" : `<p class="often">${escapeHtml(row.frequency)}</p>`;
  return `<span class="due">${due}</span>${often}`;
}

function actionsHtml(row) {
  const whose = `<span class="unseen"> for ${escapeHtml(row.name)}</span>`;
  const next = row.next
    ? `<button type="button" class="button next" data-act="${escapeHtml(row.next[0])}">${escapeHtml(row.next[1])}${whose}</button>`
    : "";
  if (!row.also.length && !safeUrl(row.docs)) return next;
  return `${next}<button type="button" class="button more" data-act="" aria-haspopup="menu"
    aria-expanded="false" aria-label="More actions for ${escapeHtml(row.name)}"><svg viewBox="0 0 16 16"
    fill="currentColor" aria-hidden="true"><circle cx="3" cy="8" r="1.4"/><circle cx="8" cy="8" r="1.4"/><circle cx="13" cy="8" r="1.4"/></svg></button>`;
}

// The cells in the order of the columns; a cell is written again only when its HTML differs.
function cellsOf(row, detail) {
  return [
    `<label class="pick"><input type="checkbox" data-pick aria-label="Choose ${escapeHtml(row.name)}"></label>`,
    nameHtml(row, detail),
    escapeHtml(row.serviceName),
    statusHtml(row),
    row.last === null ? '<span class="quiet">Not yet</span>' : timeHtml(row.last),
    dueHtml(row),
    `<div class="actions">${actionsHtml(row)}</div>`,
  ];
}

function menuHtml(row) {
  const items = row.also.map(([id, label]) =>
    `<button type="button" role="menuitem" tabindex="-1" data-act="${escapeHtml(id)}">${escapeHtml(label)}</button>`);
  const docs = safeUrl(row.docs);
  if (docs) {
    items.push(`<a role="menuitem" tabindex="-1" href="${escapeHtml(docs)}" target="_blank" rel="noopener">Documentation</a>`);
  }
  return items.join("");
}
