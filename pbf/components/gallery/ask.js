// Asking for a source that the search does not find.

const DOUBLE_CLICK_MS = 1000;

export const ASK = `<p class="ask">Not here?
  <button type="button" class="link" data-do="ask">Ask for it.</button></p>`;

// Sends the text to the script; the same text within a second is a double click.
export function askFor(view, typed) {
  const text = typed.trim();
  const now = Date.now();
  if (view.lastAsked?.text === text && now - view.lastAsked.at < DOUBLE_CLICK_MS) return;
  view.lastAsked = { text, at: now };
  view.send("ask", { text, nonce: `${now}-${Math.random()}` });
}
