"""How many requests are left in the hour, and how often lists are refreshed accordingly.

The last tenth is kept for what people do: by then refreshing has slowed down to next to nothing.
"""

from pbf.fivetran.models import RateLimit

# Refreshing slows down from where this share of the hour's requests is left...
EASY = 0.3
# ...and is as slow as it gets from here.
KEPT = 0.1
SAID = 0.2
SLOWEST = 600.0
MOST = 20.0


def stretched(lifetime: float, limit: RateLimit) -> float:
    """Return for how many seconds a list is fresh that is so for `lifetime` in easy times."""
    left = _share(limit)
    if left >= EASY:
        return lifetime
    if left <= KEPT:
        return max(lifetime, SLOWEST)
    slower: float = MOST ** ((EASY - left) / (EASY - KEPT))
    return max(lifetime, min(lifetime * slower, SLOWEST))


def sparing(limit: RateLimit) -> str:
    """Return a sentence if refreshing is slow for want of requests; else nothing."""
    if _share(limit) > SAID:
        return ""
    return (
        f"Only {limit.remaining:,} of this hour's {limit.limit:,} requests to Fivetran are left, "
        "so this page refreshes less often. What you do here is done at once."
    )


def _share(limit: RateLimit) -> float:
    if not limit.limit or limit.remaining is None:
        return 1.0
    return limit.remaining / limit.limit
