"""How long a list stays fresh: by what moves in it, and by how many requests are left.

The last tenth is kept for what people do: by then refreshing has slowed down to next to nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pbf.fivetran.models import Connector, RateLimit
from pbf.rules.health import is_moving
from pbf.rules.schedule import next_sync

# Refreshing slows down from where this share of the hour's requests is left...
EASY = 0.3
# ...and is as slow as it gets from here.
KEPT = 0.1
SAID = 0.2
SLOWEST = 600.0
MOST = 20.0

QUIET_LIFETIME = 60.0
MOVING_LIFETIME = 3.0
# When a scheduled sync begins can be worked out to about so many seconds.
ROUGHLY = 30.0


def throttled(lifetime: float, limit: RateLimit) -> float:
    """Return for how many seconds a list is fresh that is so for `lifetime` in easy times."""
    left = _share(limit)
    if left >= EASY:
        return lifetime
    if left <= KEPT:
        return max(lifetime, SLOWEST)
    slower: float = MOST ** ((EASY - left) / (EASY - KEPT))
    return max(lifetime, min(lifetime * slower, SLOWEST))


def throttling_notice(limit: RateLimit) -> str:
    """Return a sentence if refreshing is slow for want of requests; else nothing."""
    if _share(limit) > SAID:
        return ""
    return (
        f"Only {limit.remaining:,} of this hour's {limit.limit:,} requests to Fivetran are left, "
        "so this page refreshes less often. What you do here is done at once."
    )


def list_lifetime(connectors: Sequence[Connector], now: float, *, page: int) -> float:
    """Return for how many seconds a list is fresh; each page, of so many, costs a request.

    A list at rest is asked for sooner when one of its connectors is due to sync.
    """
    pages = -(-len(connectors) // page)
    soon = min(MOVING_LIFETIME * max(pages, 1), QUIET_LIFETIME)
    waits = [moment.timestamp() - now for moment in map(next_sync, connectors) if moment]
    if any(abs(wait) < ROUGHLY for wait in waits):
        return soon
    if is_moving(connectors, datetime.fromtimestamp(now, UTC)):
        return soon
    return min([QUIET_LIFETIME, *(max(wait - ROUGHLY, soon) for wait in waits if wait > 0)])


def _share(limit: RateLimit) -> float:
    if not limit.limit or limit.remaining is None:
        return 1.0
    return limit.remaining / limit.limit
