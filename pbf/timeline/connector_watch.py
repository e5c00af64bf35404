"""The job that reads the lists of all tenants, whether somebody looks at them or not."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from itertools import islice

from pbf.clock import current_time
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.timeline.budget import SHORTEST_SWEEP, sweep_interval
from pbf.timeline.observer import Observer

# A job may start a little earlier than it is due.
TOLERANCE = 5.0


class ConnectorWatch:
    """Reads the account's list, or those of the groups if that costs fewer requests."""

    def __init__(
        self,
        client: ApiClient,
        observer: Observer,
        groups: Callable[[], Collection[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = current_time,
    ) -> None:
        """Read for the groups that `groups` returns."""
        self._client = client
        self._observer = observer
        self._groups = groups
        self._clock = clock
        self._now = now
        self._due_at = -math.inf
        # Every how many seconds each list is read.
        self._interval = SHORTEST_SWEEP
        # How many pages the lists have: that of the account, and those of groups.
        self._pages = 1
        self._pages_of: dict[str, int] = {}

    def run(self) -> float | None:
        """Read the lists that are due, unless that would take too large a share of the rate limit.

        A list that a page or a call has just read is not. Returns when the next one is due, in
        seconds since 1970. Raises an ApiError or StoreFailed.
        """
        if self._clock() < self._due_at:
            return None
        groups = set(self._groups())
        if len(groups) <= self._pages:
            requests = self._read_groups(groups)
        else:
            requests = self._read_account(groups)
        self._interval = sweep_interval(self._client.latest.rate_limit, requests)
        oldest = max(map(self._age, groups), default=0.0)
        wait = max(TOLERANCE, self._interval - oldest)
        self._due_at = self._clock() + wait - TOLERANCE
        return self._now() + wait

    def _read_groups(self, groups: Collection[str]) -> int:
        """Read the lists that are due; return how many requests all of them cost."""
        for group_id in sorted(groups):
            if self._age(group_id) < self._interval - TOLERANCE:
                continue
            start = time.monotonic()
            connectors = list(self._client.get_list_of_connectors_in_group(group_id))
            self._observer.observe(group_id, connectors, self._asked_at(start))
            self._pages_of[group_id] = _pages(len(connectors))
        self._pages_of = {group_id: self._pages_of.get(group_id, 1) for group_id in groups}
        return sum(self._pages_of.values())

    def _read_account(self, groups: Collection[str]) -> int:
        """Read the account's list page by page: all connectors would take much memory."""
        start, number, at = time.monotonic(), 0, 0.0
        connectors = self._client.get_connectors()
        while page := list(islice(connectors, LARGEST_PAGE)):
            at = at or self._asked_at(start)
            number += len(page)
            for group_id, items in _by_group(page).items():
                if group_id in groups:
                    self._observer.observe(group_id, items, at, complete=False)
        for group_id in sorted(groups):
            self._observer.cover(group_id, at or self._asked_at(start))
        self._pages = _pages(number)
        return self._pages

    def _age(self, group_id: str) -> float:
        """Return how many seconds ago this process has read a group's list."""
        return self._client.now() - self._observer.listed_at(group_id)

    def _asked_at(self, start: float) -> float:
        """Return when a list was requested, by Fivetran's clock; `start` is that by ours."""
        return self._client.now() - (time.monotonic() - start)


def _pages(connectors: int) -> int:
    return max(1, math.ceil(connectors / LARGEST_PAGE))


def _by_group(connectors: Collection[Connector]) -> dict[str, list[Connector]]:
    groups: defaultdict[str, list[Connector]] = defaultdict(list)
    for connector in connectors:
        groups[connector.group_id].append(connector)
    return groups
