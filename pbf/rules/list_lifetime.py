"""How long a list stays fresh, by the state of its connectors and by the rate limit.

The last tenth of the hour's requests is reserved for the actions of people.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from pbf.fivetran.models import Connector, RateLimit
from pbf.rules.health import is_moving
from pbf.rules.schedule import next_sync

# Throttling starts when this share of the hour's requests is left, and is full at RESERVED.
THROTTLED_BELOW = 0.3
RESERVED = 0.1
NOTICE_BELOW = 0.2
LONGEST_LIFETIME = 600.0
MAX_FACTOR = 20.0

QUIET_LIFETIME = 60.0
MOVING_LIFETIME = 3.0
# The start of a scheduled sync is predictable to about so many seconds.
TOLERANCE = 30.0


def throttled(lifetime: float, limit: RateLimit) -> float:
    """Return a list's lifetime, extended when few requests are left in the hour."""
    share = _share_left(limit)
    if share >= THROTTLED_BELOW:
        return lifetime
    if share <= RESERVED:
        return max(lifetime, LONGEST_LIFETIME)
    progress = (THROTTLED_BELOW - share) / (THROTTLED_BELOW - RESERVED)
    factor: float = MAX_FACTOR**progress
    return max(lifetime, min(lifetime * factor, LONGEST_LIFETIME))


def throttling_notice(limit: RateLimit) -> str:
    """Return a sentence if refreshing is throttled noticeably, else an empty string."""
    if _share_left(limit) > NOTICE_BELOW:
        return ""
    return (
        f"Only {limit.remaining:,} of this hour's {limit.limit:,} requests to Fivetran are left, "
        "so this page refreshes less often. Your actions still take effect immediately."
    )


def list_lifetime(
    connectors: Sequence[Connector], now: float, *, page: int, requests: int = 1
) -> float:
    """Return how many seconds a list is fresh, given that each page of it costs a request.

    `requests` is what all lists that are read as often cost together. A list at rest expires
    earlier when one of its connectors is due to sync.
    """
    pages = -(-len(connectors) // page)
    soon = min(MOVING_LIFETIME * max(pages, requests, 1), QUIET_LIFETIME)
    at = datetime.fromtimestamp(now, UTC)
    dues = (next_sync(connector, at) for connector in connectors)
    waits = [due.timestamp() - now for due in dues if due]
    if any(abs(wait) < TOLERANCE for wait in waits):
        return soon
    if is_moving(connectors, at):
        return soon
    return min([QUIET_LIFETIME, *(max(wait - TOLERANCE, soon) for wait in waits if wait > 0)])


def _share_left(limit: RateLimit) -> float:
    if not limit.limit or limit.remaining is None:
        return 1.0
    return limit.remaining / limit.limit
