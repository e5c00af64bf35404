// HTML built from values that others wrote.

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const SPECIAL = /[&<>"']/;

export function escapeHtml(value) {
  const text = String(value ?? "");
  if (!SPECIAL.test(text)) return text;
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]);
}

// Returns "" unless the value is an http(s) URL or a path of the dashboard, which becomes relative to
// the page: there may be a prefix before it. The URL parser drops tabs and line breaks, so the host is
// compared after parsing.
export function safeUrl(value) {
  const text = String(value ?? "");
  const isPath = text.startsWith("/");
  if (!isPath && !/^https?:\/\//i.test(text)) return "";
  try {
    const url = new URL(text, location.origin);
    if (!isPath) return url.href;
    const isOwn = url.origin === location.origin && !url.username;
    return isOwn ? `.${url.pathname}${url.search}${url.hash}` : "";
  } catch {
    return "";
  }
}
