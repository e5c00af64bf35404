// The HTML of a row's cells and of its menu.

import { escapeHtml, safeUrl } from "../shared/html.js";
import { iconHtml } from "../shared/icons.js";
import { pageUrl } from "../shared/links.js";
import { TONES } from "./rows.js";
import { timeHtml } from "./times.js";

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
const DOTS = '<circle cx="3" cy="8" r="1.4"/><circle cx="8" cy="8" r="1.4"/><circle cx="13" cy="8" r="1.4"/>';

function statusIcon(row) {
  const shape = SHAPES[SHAPE_OF[row.status] ?? SHAPE_OF_TONE[row.tone]];
  return `<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${shape}</svg>`;
}

export function linkHtml(row, detail) {
  const name = escapeHtml(row.name);
  const href = detail ? escapeHtml(pageUrl(detail, { id: row.id })) : "";
  return href ? `<a class="open" data-act="open" href="${href}">${name}</a>` : name;
}

function nameHtml(row, detail) {
  const badge = row.isMarked ? ' <span class="badge blue">Back from set-up</span>' : "";
  const schema = row.name === row.schema ? "" : `<code>${escapeHtml(row.schema)}</code>`;
  return `<div class="who">${iconHtml(row.service, row.serviceName, row.icon)}
    <div><div class="name">${linkHtml(row, detail)}${badge}</div>${schema}<p class="of">${escapeHtml(row.serviceName)}</p></div></div>`;
}

function statusHtml(row) {
  const isLasting = row.since !== null && (row.tone === "bad" || row.tone === "attention");
  const since = isLasting ? ` <span class="quiet">${timeHtml(row.since, "lasting")}</span>` : "";
  const reason = row.reason ? `<p class="reason">${escapeHtml(row.reason)}</p>` : "";
  return `<span class="badge status ${TONES[row.tone]}">${statusIcon(row)}${escapeHtml(row.status)}</span>${since}${reason}`;
}

function dueHtml(row) {
  const due = row.due === null ? escapeHtml(row.dueWords) : timeHtml(row.due, "coming");
  const frequency = row.frequency === row.dueWords ? "" : `<p class="often">${escapeHtml(row.frequency)}</p>`;
  return `<span class="due">${due}</span>${frequency}`;
}

function actionsHtml(row) {
  const suffix = `<span class="unseen"> for ${escapeHtml(row.name)}</span>`;
  const next = row.next
    ? `<button type="button" class="button next" data-act="${escapeHtml(row.next[0])}">${escapeHtml(row.next[1])}${suffix}</button>`
    : "";
  if (!row.also.length && !safeUrl(row.docs)) return next;
  return `${next}<button type="button" class="button more" data-act="" aria-haspopup="menu"
    aria-expanded="false" aria-label="More actions for ${escapeHtml(row.name)}"><svg viewBox="0 0 16 16"
    fill="currentColor" aria-hidden="true">${DOTS}</svg></button>`;
}

// Returns one HTML text for each column; a cell is written again only if its text differs.
export function cellsOf(row, detail) {
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

export function menuHtml(row) {
  const items = row.also.map(([id, label]) =>
    `<button type="button" role="menuitem" tabindex="-1" data-act="${escapeHtml(id)}">${escapeHtml(label)}</button>`);
  const docs = safeUrl(row.docs);
  if (docs) {
    items.push(`<a role="menuitem" tabindex="-1" href="${escapeHtml(docs)}" target="_blank" rel="noopener">Documentation</a>`);
  }
  return items.join("");
}
