// What a click requests: an action on rows, or the page of a row.

import { isPlainClick, openPage } from "../shared/links.js";

const DOUBLE_CLICK_MS = 1000;

// Sends an action to the script; the same action within a second is a double click.
export function act(view, action, ids) {
  const now = Date.now();
  const request = `${action} ${ids.join(" ")}`;
  if (view.lastAction?.request === request && now - view.lastAction.at < DOUBLE_CLICK_MS) return;
  view.lastAction = { request, at: now };
  view.send("act", { action, ids, nonce: `${now}-${Math.random()}` });
}

export function follow(view, event, link) {
  if (!isPlainClick(event)) return;
  event.preventDefault();
  view.address.flush();
  openPage(link.href);
}
