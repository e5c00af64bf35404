// The strip above the table: unfinished set-ups. The connector that the user just came back from is
// not among them: Fivetran may still be checking it, and it comes first in the table.

import { NUMBERS } from "../shared/chips.js";
import { escapeHtml } from "../shared/html.js";
import { iconHtml, watchIcons } from "../shared/icons.js";
import { focused } from "../shared/page.js";
import { act, follow } from "./actions.js";
import { linkHtml } from "./cells.js";
import { serverTime } from "./clock.js";
import { timeHtml, updateTimes } from "./times.js";

const FINISH = "finish"; // the next action of such a row
const MAX_ITEMS = 3;

function itemHtml(row, detail) {
  const whose = `<span class="unseen"> ${escapeHtml(row.name)}</span>`;
  const began = row.since === null ? "" : ` <span class="quiet">${timeHtml(row.since, "lasting")}</span>`;
  const link = row.also.some(([id]) => id === "link")
    ? `<button type="button" class="button plain" data-act="link">Ask a colleague<span class="unseen"> to finish ${escapeHtml(row.name)}</span></button>` : "";
  return `<li data-id="${escapeHtml(row.id)}">${iconHtml(row.service, row.serviceName, row.icon)}
    <div class="what"><span class="name">${linkHtml(row, detail)}</span> <span class="quiet">${escapeHtml(row.serviceName)}</span>${began}</div>
    <div class="ways"><button type="button" class="button next" data-act="finish">Finish set-up${whose}</button>
    ${link}
    <button type="button" class="button plain" data-act="discard">Discard${whose}</button></div></li>`;
}

function stripHtml(rows, detail) {
  if (!rows.length) return "";
  const all = rows.length > MAX_ITEMS
    ? `<button type="button" class="button plain" data-all="${escapeHtml(rows[0].status)}">Show all ${NUMBERS.format(rows.length)}</button>` : "";
  return `<h2>Not finished <span class="quiet">${NUMBERS.format(rows.length)}</span></h2>
    <ul role="list">${rows.slice(0, MAX_ITEMS).map((row) => itemHtml(row, detail)).join("")}</ul>${all}`;
}

export function showUnfinished(view) {
  const rows = view.rows.filter((row) => row.next?.[0] === FINISH && !row.isMarked);
  view.strip.hidden = !rows.length;
  view.strip.classList.toggle("many", rows.length > MAX_ITEMS);
  const html = stripHtml(rows, view.detail);
  if (view.stripHtml !== html) writeStrip(view, html);
  updateTimes(view.strip, serverTime(view));
}

// Writes the strip and returns the focus to the button that had it.
function writeStrip(view, html) {
  const active = focused(view.root);
  const [id, action] = view.strip.contains(active)
    ? [active.closest("li")?.dataset.id, active.dataset.act] : [];
  view.stripHtml = html;
  view.strip.innerHTML = html;
  watchIcons(view.strip);
  const buttons = [...view.strip.querySelectorAll("[data-act]")];
  buttons.find((button) => button.closest("li").dataset.id === id && button.dataset.act === action)
    ?.focus({ preventScroll: true });
}

// `showAll` shows the rows of a status in the table.
export function listenUnfinished(view, showAll) {
  view.strip.onclick = (event) => {
    const target = event.target.closest("[data-act], [data-all]");
    if (!target) return;
    if (target.dataset.all) showAll(target.dataset.all);
    else if (target.matches("button")) act(view, target.dataset.act, [target.closest("li").dataset.id]);
    else follow(view, event, target);
  };
}
