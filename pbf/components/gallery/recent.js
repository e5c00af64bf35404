// The services that the user opened recently, stored in this browser.

const STORAGE_KEY = "pbf.recent";
export const MAX_RECENT = 12;

export function recentIds() {
  try {
    const ids = JSON.parse(localStorage.getItem(STORAGE_KEY));
    return Array.isArray(ids) ? ids : [];
  } catch {
    return [];
  }
}

export function addRecent(id) {
  const ids = [id, ...recentIds().filter((recentId) => recentId !== id)].slice(0, MAX_RECENT);
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(ids));
  } catch {
    // Storage is full or forbidden: everything else works without it.
  }
}
