"""How many changes of one tenant may be under way at once: all share the threads of the routes."""

import threading
from collections import Counter

from pbf.errors import TooManyRequests

# A change waits for Fivetran; of ten threads, the others always find a free one.
MOST_AT_ONCE = 2


class ChangesAtOnce:
    """Counts the changes that are under way, by tenant."""

    def __init__(self, most: int = MOST_AT_ONCE) -> None:
        """Allow so many for each tenant."""
        self._most = most
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    def begin(self, tenant_id: str) -> None:
        """Count a change of a tenant; raise TooManyRequests if it has too many."""
        with self._lock:
            if self._under_way[tenant_id] >= self._most:
                raise TooManyRequests(
                    f"Your organization has {self._most} changes under way already.", retry_after=1
                )
            self._under_way[tenant_id] += 1

    def end(self, tenant_id: str) -> None:
        """Count a change of a tenant as done."""
        with self._lock:
            self._under_way[tenant_id] -= 1
            if not self._under_way[tenant_id]:
                del self._under_way[tenant_id]
