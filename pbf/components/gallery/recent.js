// The services that the user opened recently, stored in this browser for one owner: a person in a
// tenant. For another owner they are forgotten.

const STORAGE_KEY = "pbf.recent";
export const MAX_RECENT = 12;

export function recentIds(owner) {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY));
    if (stored && stored.owner !== owner) localStorage.removeItem(STORAGE_KEY);
    return stored?.owner === owner && Array.isArray(stored.ids) ? stored.ids : [];
  } catch {
    return [];
  }
}

export function addRecent(id, owner) {
  const ids = [id, ...recentIds(owner).filter((recentId) => recentId !== id)].slice(0, MAX_RECENT);
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify({ owner, ids }));
  } catch {
    // Storage is full or forbidden: everything else works without it.
  }
}
