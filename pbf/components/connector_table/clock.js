// The server's clock, by which all times are shown.

const STORAGE_KEY = "pbf.clock";

// Returns what to add to the browser's time. A version keeps the time of its first drawing, so the
// offset is computed once for each such time and kept while the tab lives.
export function clockOffset(now) {
  const offset = Date.parse(now) - Date.now();
  try {
    const stored = JSON.parse(sessionStorage.getItem(STORAGE_KEY));
    if (stored?.now === now) return stored.offset;
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify({ now, offset }));
  } catch {
    // Without storage a return to the page shows times as of the first drawing.
  }
  return offset;
}

export function serverTime(view) {
  return Date.now() + view.offset;
}
