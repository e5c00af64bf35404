"""How many connectors of each group have which status, for all groups of the account.

All pages of the account's list are read one after the other, and only the numbers are kept: the
connectors of a thousand groups would take hundreds of megabytes. Nobody waits for the reading.
"""

import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from pbf.cache.derived import DerivedCache
from pbf.cache.entries import CachedList, PartialList
from pbf.cache.shared import MAX_ITEMS, SharedCache
from pbf.clock import current_time
from pbf.connectors.account.account_list import list_key
from pbf.errors import ApiError, StoreFailed
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.rules import list_lifetime
from pbf.rules.health import Word, health
from pbf.store.store import Store

KEY = "account statuses"
# After a failure the list is not read again for so many seconds.
PAUSE = 30.0

Words = Mapping[Word, int]

log = logging.getLogger(__name__)


class GroupStatuses(BaseModel):
    """How many connectors of a group have each status."""

    model_config = ConfigDict(frozen=True)

    id: str
    words: dict[Word, int]


@dataclass(frozen=True)
class Statuses:
    """The statuses of groups by their ids, as far as they are known.

    `read_at` is when the whole account was read (seconds since 1970), `is_reading` whether it is
    being read now, and `read` how many connectors were read so far. `problem` is why there is
    nothing newer. Without `read_at`, only some groups are known.
    """

    words: Mapping[str, Words]
    read_at: float | None
    is_reading: bool
    read: int
    problem: ApiError | None


class AccountStatuses:
    """Counts statuses; a reading costs a request for each page of the account's list.

    With many pages it is repeated less often, so that it costs one request in three seconds at
    most, and only while somebody asks.
    """

    def __init__(
        self,
        client: ApiClient,
        cache: SharedCache,
        store: Store,
        *,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Read through a client; the clock is that of the cache, which keeps the result."""
        self._client = client
        self._cache = cache
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_reading = False
        self._read = 0
        self._problem: ApiError | None = None
        self._retry_at = 0.0
        # By group: what each revision of its own list has.
        self._own: DerivedCache[Words] = DerivedCache(MAX_ITEMS)
        # Hidden connectors, by id and permanent name, as they were last read.
        self._deleted: set[tuple[str, str]] = set()

    def newest(self, groups: Collection[str]) -> Statuses:
        """Return what is known of some groups now, and have it read again if it is old.

        A group's own list counts where it is newer, for instance after a change here.
        """
        cached = self._cache.last(KEY)
        is_reading = self._refresh(self._cache.peek(KEY))
        read_at = cached.fetched_at if cached else None
        words: dict[str, Words] = (
            {group.id: group.words for group in cached.items} if cached else {}
        )
        for group_id in groups:
            own = self._cache.peek(list_key(group_id))
            if own and own.fetched_at > (read_at or 0.0):
                words[group_id] = self._own_words(group_id, own)
        problem = None if is_reading else self._problem
        return Statuses(words, read_at, is_reading, self._read, problem)

    def forget(self, *, drop: bool = False) -> None:
        """Read the account again at the next call; the last result is kept until then, or not."""
        (self._cache.drop if drop else self._cache.forget)(KEY)
        self._problem, self._retry_at = None, 0.0

    def _refresh(self, cached: CachedList[GroupStatuses] | None) -> bool:
        """Begin a reading if it is time, and return whether one is running."""
        now = self._clock()
        is_old = cached is None or now - cached.fetched_at > cached.lifetime
        with self._lock:
            if self._is_reading or (self._thread and self._thread.is_alive()):
                return True
            if not is_old or now < self._retry_at:
                return False
            self._read = 0
            self._thread = threading.Thread(target=self._run, name="read account", daemon=True)
            self._thread.start()
        return True

    def _run(self) -> None:
        """Read the account through the cache, which another process may have filled already."""
        try:
            self._cache.get(KEY, self._fetch, lifetime=self._lifetime)
        except ApiError as error:
            self._fail(error)

    def _fetch(self) -> PartialList[GroupStatuses]:
        self._is_reading = True
        try:
            statuses = self._statuses()
        except ApiError as error:
            self._fail(error)
            raise
        finally:
            self._is_reading = False
        self._problem = None
        return statuses

    def _fail(self, error: ApiError) -> None:
        self._problem, self._retry_at = error, self._clock() + PAUSE

    def _statuses(self) -> PartialList[GroupStatuses]:
        """Return the statuses of all groups, read now."""
        are_read = self._read_deletions()
        now = datetime.fromtimestamp(self._clock(), UTC)
        groups: defaultdict[str, Counter[Word]] = defaultdict(Counter)
        for connector in self._client.get_connectors():
            self._read += 1
            if (connector.id, connector.schema_name) not in self._deleted:
                groups[connector.group_id][health(connector, now).word] += 1
        items = [GroupStatuses(id=group_id, words=words) for group_id, words in groups.items()]
        return PartialList(items, shared=are_read)

    def _lifetime(self, statuses: Collection[GroupStatuses]) -> float:
        connectors = sum(sum(group.words.values()) for group in statuses)
        pages = -(-connectors // LARGEST_PAGE)
        lifetime = max(list_lifetime.QUIET_LIFETIME, list_lifetime.MOVING_LIFETIME * pages)
        return list_lifetime.throttled(lifetime, self._client.latest.rate_limit)

    def _read_deletions(self) -> bool:
        """Read which connectors are hidden; False if that fails, and what was read last stays."""
        try:
            rows = self._store.deletions.all()
        except StoreFailed as error:
            log.debug("pending deletions: %s", error)
            return False
        self._deleted = {(row.connector_id, row.schema_name) for row in rows}
        return True

    def _own_words(self, group_id: str, own: CachedList[Connector]) -> Words:
        """Return the statuses of a group's own list; each revision is counted once."""

        def count() -> Words:
            now = datetime.fromtimestamp(self._clock(), UTC)
            return Counter(health(item, now).word for item in own.items if not item.final_at)

        return self._own.get(group_id, own.revision, count, items=len(own.items))
