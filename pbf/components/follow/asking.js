// Asks the server for the revision of what a page shows: often if somebody can see it, else rarely.

// In milliseconds, between two requests.
export const VISIBLE = 3_000;
export const HIDDEN = 30_000;
// The server writes times in words, such as "3 minutes ago", so a visible page is redrawn after this.
export const LONGEST_SHOWN = 60_000;

// Returns a follower; `theme` returns a text that differs between themes, which charts depend on.
export function openFollower(page, theme, now = () => performance.now()) {
  const follower = { page, theme, now, isAsking: false, isRunning: false, isClosed: false };
  const onVisibility = () => (isVisible(follower) ? ask(follower) : schedule(follower));
  page.addEventListener("visibilitychange", onVisibility);
  schedule(follower);
  return {
    show({ url, revision, run }, rerun) {
      follower.rerun = rerun;
      if (run === follower.run) return;
      Object.assign(follower, { url, revision, run, isRunning: false, shownAt: now(), shownTheme: theme() });
    },
    close() {
      follower.isClosed = true;
      clearTimeout(follower.timer);
      page.removeEventListener("visibilitychange", onVisibility);
    },
  };
}

function isVisible({ page }) {
  return page.visibilityState === "visible";
}

function schedule(follower) {
  clearTimeout(follower.timer);
  if (follower.isClosed) return;
  follower.timer = setTimeout(() => ask(follower), isVisible(follower) ? VISIBLE : HIDDEN);
}

async function ask(follower) {
  if (follower.isAsking) return;
  follower.isAsking = true;
  try {
    if (mustRedraw(follower) || (await hasChanged(follower))) runAgain(follower);
  } catch {
    // The server is away; the next request may succeed.
  }
  follower.isAsking = false;
  schedule(follower);
}

// A run that was requested, and is not there after so long, is requested again.
function mustRedraw(follower) {
  const { now, shownAt, theme, shownTheme, isRunning } = follower;
  if (!isVisible(follower)) return false;
  return now() - shownAt >= LONGEST_SHOWN || (!isRunning && theme() !== shownTheme);
}

async function hasChanged(follower) {
  const { page, url, revision, isRunning } = follower;
  if (isRunning || !isConnected(page)) return false;
  const response = await fetch(new URL(url, page.baseURI), { headers: { "If-None-Match": `"${revision}"` } });
  // 204 says that the server does not know now.
  return response.status === 200 && follower.revision === revision;
}

// Without its WebSocket the page cannot run, and a request that fails is logged as an error.
function isConnected(page) {
  const app = page.querySelector("[data-testid=stApp]");
  return (app?.dataset.testConnectionState ?? "CONNECTED") === "CONNECTED";
}

function runAgain(follower) {
  if (follower.isClosed) return;
  Object.assign(follower, { isRunning: true, shownAt: follower.now() });
  follower.rerun();
}
