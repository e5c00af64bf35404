"""The last list of each tenant, whether somebody looks at it or not."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from pbf.cache.entries import CachedList
from pbf.connectors.portal import Portal
from pbf.errors import ApiError
from pbf.fivetran.models import Connector, RateLimit
from pbf.timeline.budget import JUDGED_SHARE, Budget


class LastLists:
    """Finds the lists to judge by, and reads again those of which a newer one was seen.

    Only those cost requests, within a share of the rate limit; the groups take turns.
    """

    def __init__(
        self, portal_of: Callable[[str], Portal | None], rate_limit: Callable[[], RateLimit]
    ) -> None:
        """Find the lists of the portals of groups."""
        self._portal_of = portal_of
        self._rate_limit = rate_limit
        self._budget = Budget(JUDGED_SHARE)
        # By group: when its list was read again last.
        self._read_at: dict[str, float] = {}

    def all(
        self, seen_at: Mapping[str, float], now: float
    ) -> Iterator[tuple[Portal, CachedList[Connector]]]:
        """Yield the last list of each group; `seen_at` is when something new was last seen in it.

        A list that may not or cannot be read again is the one before.
        """
        allowed = self._budget.earn(self._rate_limit(), now)
        found = {group_id: self._portal_of(group_id) for group_id in seen_at}
        portals = {group_id: portal for group_id, portal in found.items() if portal}
        self._read_at = {group: at for group, at in self._read_at.items() if group in portals}
        for group_id in sorted(portals, key=lambda group: self._read_at.get(group, 0.0)):
            portal = portals[group_id]
            cached = portal.last_connectors()
            is_last = cached and cached.fetched_at >= seen_at[group_id] - 1
            if not is_last and allowed > 0:
                last = cached
                with suppress(ApiError):
                    cached = portal.connectors()  # from the cache that the processes share
                if cached is None or last is None or cached.fetched_at != last.fetched_at:
                    allowed -= 1
                    self._budget.spend(1)
                    self._read_at[group_id] = now
            if cached:
                yield portal, cached
