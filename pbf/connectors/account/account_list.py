"""The connectors of groups, read from the account's list where that costs fewer requests.

Each page of the account's list costs one request, and so does each group by itself. While more
groups are looked at than the account's list has pages, their lists are refreshed from one reading
of it. A group's first list, and the one after any of its connectors was changed here, is always
read by itself, so that nobody waits for the whole account, and changes are visible at once.
"""

import math
import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future

from pbf.cache.entries import CachedList, PartialList
from pbf.cache.shared import SharedCache
from pbf.clock import current_time
from pbf.errors import ApiRejected, BadAnswer, RateLimited
from pbf.fivetran.account_connectors import AccountConnectors
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.rules import list_lifetime

# With so few groups or fewer, saving requests is not worth a longer reading.
FEWEST_GROUPS = 8
# A group is looked at if its list was refreshed within so many lifetimes.
WATCHED_LIFETIMES = 2
# A list that is too long for the groups that are looked at, or refused, is not tried again for so
# many seconds, unless twice as many groups are looked at.
PAUSE = 3600.0
# How long one group's own request may take before its list is too old to be served.
MARGIN = 3.0


def list_key(group_id: str) -> str:
    """Return the key of a group's list in the shared cache."""
    return f"connectors:{group_id}"


class Reading:
    """One reading of the account's list, which groups wait for and share."""

    def __init__(self, generations: dict[str, str | None], at: float) -> None:
        """Start at a time, for the groups in `generations`, which their lists have now."""
        self.at = at
        self.result: Future[AccountConnectors | None] = Future()
        self.generations = generations

    def of(self, group_id: str, last: CachedList[Connector]) -> PartialList[Connector] | None:
        """Return a group's connectors; None if its `last` list is newer, or had others too.

        A connector that is missing may be gone, or have moved between two pages meanwhile.
        """
        account = self.result.result(0)
        group = account.groups.get(group_id) if account else None
        if group is None or self.at <= last.fetched_at:
            return None
        if not {item.id for item in last.items} <= {item.id for item in group.items}:
            return None
        return PartialList(group.items, group.unread, self.at)


class AccountList:
    """Reads the connectors of groups, from the account's list or group by group."""

    def __init__(
        self, client: ApiClient, cache: SharedCache, *, clock: Callable[[], float] = current_time
    ) -> None:
        """Read for the lists in a cache, whose clock this is."""
        self._client = client
        self._cache = cache
        self._clock = clock
        self._lock = threading.Lock()
        # When the list of each group was last refreshed.
        self._watched: dict[str, float] = {}
        self._reading: Reading | None = None
        # How many groups the list was too much for, and until when.
        self._too_few = 0.0
        self._paused_until = -math.inf
        self._pages = 1
        self._duration = 0.0
        # How many of the groups change faster than a list at rest is refreshed.
        self._moving = 0

    def connectors(self, group_id: str) -> PartialList[Connector]:
        """Return the connectors of a group as Fivetran has them; raise an ApiError.

        They are newer than what the cache has, and than the last change of the group here.
        """
        last = self._cache.peek(list_key(group_id))
        groups = self._watch(group_id)
        listed = None
        if last and self._is_cheaper(groups) and not self._is_paused(groups):
            listed = self._from_account(group_id, last, groups)
        if listed is None:
            listed = PartialList(self._client.get_list_of_connectors_in_group(group_id))
        return listed

    def lifetime(self, connectors: Collection[Connector]) -> float:
        """Return for how many seconds a group's list is fresh.

        Where many groups are looked at, those that move share one request in three seconds.
        """
        with self._lock:
            is_shared = self._is_cheaper(self._watched)
            requests = min(self._moving, self._pages) if is_shared else 1
        return self._throttled(self._own_lifetime(connectors, requests))

    def _own_lifetime(self, connectors: Collection[Connector], requests: int = 1) -> float:
        now = self._clock()
        return list_lifetime.list_lifetime(
            tuple(connectors), now, page=LARGEST_PAGE, requests=requests
        )

    def _throttled(self, lifetime: float) -> float:
        return list_lifetime.throttled(lifetime, self._client.latest.rate_limit)

    def _is_cheaper(self, groups: Collection[str]) -> bool:
        return len(groups) > max(FEWEST_GROUPS, self._pages)

    def _is_paused(self, groups: Collection[str]) -> bool:
        return self._clock() < self._paused_until and len(groups) < 2 * self._too_few

    def _pause(self, too_few: float) -> None:
        self._too_few, self._paused_until = too_few, self._clock() + PAUSE

    def _watch(self, group_id: str) -> tuple[str, ...]:
        """Return the groups that are looked at now, this one among them."""
        now = self._clock()
        oldest = now - WATCHED_LIFETIMES * self._throttled(list_lifetime.QUIET_LIFETIME)
        with self._lock:
            self._watched[group_id] = now
            for other in [other for other, at in self._watched.items() if at < oldest]:
                del self._watched[other]
            return tuple(self._watched)

    def _from_account(
        self, group_id: str, last: CachedList[Connector], groups: tuple[str, ...]
    ) -> PartialList[Connector] | None:
        """Return a group's connectors from the account's list, or None to read it by itself."""
        # Until then the last list is served, and nobody waits.
        patience = last.served_until - self._clock() - MARGIN
        reading = self._current_reading(groups)
        if not reading.result.done() and patience <= self._duration:
            return None
        try:
            reading.result.result(max(patience, 0))
        except RateLimited:
            raise
        except (TimeoutError, ApiRejected, BadAnswer):
            return None
        generation = self._cache.generation(list_key(group_id))
        if generation is None or generation != reading.generations.get(group_id):
            return None  # it was changed after the reading had begun
        return reading.of(group_id, last)

    def _current_reading(self, groups: tuple[str, ...]) -> Reading:
        """Return the reading of this interval, and begin it if there is none yet."""
        now = self._clock()
        with self._lock:
            reading = self._reading
            if reading and (not reading.result.done() or now - reading.at < self._interval()):
                return reading
            reading = self._reading = Reading({}, now)
        # Before the first request: what is changed from here on must not be hidden by the result.
        reading.generations.update(
            (group_id, self._cache.generation(list_key(group_id))) for group_id in groups
        )
        threading.Thread(
            target=self._read, args=(reading,), name="fetch account", daemon=True
        ).start()
        return reading

    def _interval(self) -> float:
        """Return how many seconds after the last reading the next one may begin."""
        interval = list_lifetime.QUIET_LIFETIME
        if self._moving >= self._pages:
            interval = min(list_lifetime.MOVING_LIFETIME * self._pages, interval)
        return self._throttled(interval)

    def _read(self, reading: Reading) -> None:
        groups, start = tuple(reading.generations), time.monotonic()
        try:
            account = self._client.get_connectors_of_account(groups, max_pages=len(groups) - 1)
        except Exception as error:
            self._fail(error)
            reading.result.set_exception(error)
            return
        with self._lock:
            self._duration = time.monotonic() - start
            if account is None:
                self._pause(len(groups))
            else:
                self._pages = account.pages
                lifetimes = [self._own_lifetime(group.items) for group in account.groups.values()]
                self._moving = sum(value <= list_lifetime.QUIET_LIFETIME / 2 for value in lifetimes)
        reading.result.set_result(account)

    def _fail(self, error: Exception) -> None:
        """Have the list read again at the next refresh or, if that is no use, in an hour."""
        is_useless = isinstance(error, ApiRejected | BadAnswer)
        with self._lock:
            self._reading = None
            if is_useless and not isinstance(error, RateLimited):
                self._pause(math.inf)
