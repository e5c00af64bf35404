"""The list of one tenant's connectors: under the names that people typed, without deleted ones.

The whole list is one entry of the shared cache. Connectors whose deletion is pending are marked in
it, so that every process that shares the cache hides them, and their names still count as taken.
"""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter

from pbf.cache.entries import CachedList, PartialList, fingerprint, keep_newest
from pbf.cache.shared import SharedCache
from pbf.clock import current_time
from pbf.connectors.account.account_list import AccountList, list_key
from pbf.errors import Forbidden, GroupNotVisible, NotFound, StoreFailed, UnknownConnector
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_ID
from pbf.rules import list_lifetime
from pbf.show_api.exchanges import carrying
from pbf.store.store import Store
from pbf.store.tables import Deletion

# For an unknown id, a list older than this is read again, so at most four times a minute.
UNKNOWN_LIFETIME = 15.0
# How many deleted connectors are kept out of older lists.
KEPT_GONE = 1000
GONE = "There is no such connector. It may have been deleted."

Items = tuple[Connector, ...]
# Takes the list of a group, and when it was requested by Fivetran's clock.
OnList = Callable[[str, Sequence[Connector], float], None]
# The id and the permanent name: a sandbox that starts again hands out the same ids.
Key = tuple[str, str]

logger = logging.getLogger("pbf")


class ConnectorList:
    """The connectors of one group."""

    def __init__(
        self,
        group_id: str,
        *,
        client: ApiClient,
        cache: SharedCache,
        store: Store,
        account: AccountList | None = None,
        on_list: OnList | None = None,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Read the list through a client and a cache; the clock is that of the cache.

        Tenants that are given the same `account` save requests together. `on_list` is given each
        list that is read.
        """
        self._on_list = on_list
        self.key = list_key(group_id)
        # Ids of pending deletions whose connectors were seen running.
        self.running: set[str] = set()
        self._group_id = group_id
        self._client = client
        self._account = account or AccountList(client, cache, clock=clock)
        self._cache = cache
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        # When the list was last read again because of an unknown id.
        self._refetched_at = -math.inf
        # The last known pending deletions, and when they were known by the clock of the cache.
        self._marks: tuple[float, dict[Key, datetime]] = (-math.inf, {})
        self._gone: dict[str, str] = {}
        self._split: tuple[Items, Items, Items] = ((), (), ())
        self._corrected: tuple[Items, object, Items, str] = ((), None, (), "")

    def connectors(self) -> CachedList[Connector]:
        """Return the connectors that are not hidden.

        Raises GroupNotVisible if the configured group does not exist for this key.
        """
        return self._shown(self._cached())

    def last(self) -> CachedList[Connector] | None:
        """Return what this process read last, however old; Fivetran is not asked."""
        cached = self._cache.peek(self.key)
        return self._shown(cached) if cached else None

    def last_deleted(self) -> Items:
        """Return the hidden connectors of what this process read last."""
        cached = self._cache.peek(self.key)
        return self._parts(cached.items)[1] if cached else ()

    def deleted(self) -> CachedList[Connector]:
        """Return the hidden connectors, whose deletion is pending, the latest first."""
        cached = self._cached()
        return replace(cached, items=self._parts(cached.items)[1])

    def connector(self, connector_id: str) -> Connector:
        """Return a connector that is not hidden, or raise UnknownConnector.

        If the last list does not contain it and a newer one cannot be read, raises that ApiError.
        """
        if len(connector_id) > LONGEST_ID:
            raise UnknownConnector(GONE)
        cached = self._cached()
        shown, hidden = self._parts(cached.items)
        if connector := _by_id(shown, connector_id):
            return connector
        if _by_id(hidden, connector_id):
            if self._is_pending(connector_id):
                raise UnknownConnector(GONE)  # by our own database, however old the list
            # Another process has undone the deletion, or carried it out.
            return self._alone(connector_id, is_listed=True)
        if cached.problem is None and self._may_refetch(cached.fetched_at):
            self.forget()
            cached = self._cached()
        if cached.problem and self._names_or_last([connector_id])[0]:
            return self._alone(connector_id, is_listed=False)
        return _pick(self._shown(cached), "id", connector_id)

    def current(self, *, connector_id: str = "", schema_name: str = "") -> Connector:
        """Return a connector as Fivetran has it now, by its id or its permanent name.

        If the list takes too long, the connector is requested alone. Raises UnknownConnector if
        it is hidden or gone, or an ApiError.
        """
        self.forget()
        cached = self._cached()
        shown = self._shown(cached)
        if cached.problem is None:
            field = "id" if connector_id else "schema_name"
            return _pick(shown, field, connector_id or schema_name)
        if not connector_id:
            if connector := connector_named(self._client, self._group_id, schema_name):
                return self._unless_hidden(connector)
            raise UnknownConnector(GONE)
        if _by_id(shown.items, connector_id):
            return self._alone(connector_id, is_listed=True)
        return self.connector(connector_id)  # alone too, or it raises

    def schema_names(self) -> list[str]:
        """Return the permanent names that are taken, also by hidden connectors."""
        return [connector.schema_name for connector in self._cached().items]

    def forget(self) -> None:
        """Read the list again when it is next needed."""
        self._cache.forget(self.key)

    def mark_gone(self, connector_id: str, schema_name: str) -> None:
        """Leave a connector that was deleted for good out of older lists."""
        keep_newest(self._gone, connector_id, schema_name, KEPT_GONE)

    def _cached(self) -> CachedList[Connector]:
        cached = self._cache.get(self.key, carrying(self._fetch), lifetime=self._account.lifetime)
        return self._with_current_deletions(cached) if cached.problem else cached

    def _with_current_deletions(self, cached: CachedList[Connector]) -> CachedList[Connector]:
        """Return an older list with the deletions that our own database has now.

        Fivetran may be slow or away after a deletion or its undoing; the database is available.
        """
        try:
            until = _ends(self._read_pending())
        except StoreFailed as error:
            logger.debug("pending deletions: %s", error)
            return cached
        gone = frozenset(tuple(self._gone.items()))
        corrected = self._corrected
        if corrected[0] is not cached.items or corrected[1] != (until, gone):
            now = datetime.fromtimestamp(self._clock(), UTC)
            items = tuple(_marked(row, until, now) for row in cached.items if _key(row) not in gone)
            corrected = (cached.items, (until, gone), items, fingerprint(items))
            self._corrected = corrected
        return replace(cached, items=corrected[2], revision=corrected[3])

    def _may_refetch(self, fetched_at: float) -> bool:
        """Return whether the list may be read again for an unknown id; if so, count it."""
        patience = list_lifetime.throttled(UNKNOWN_LIFETIME, self._client.latest.rate_limit)
        now = self._clock()
        with self._lock:
            # A list that is being read is waited for, not requested once more.
            if now - max(fetched_at, self._refetched_at) <= patience:
                return False
            self._refetched_at = now
            return True

    def _is_pending(self, connector_id: str) -> bool:
        """Return whether a deletion is still pending; another process may have undone it."""
        try:
            return self._store.deletions.find(self._group_id, connector_id) is not None
        except StoreFailed:
            return True

    def _alone(self, connector_id: str, *, is_listed: bool) -> Connector:
        """Return one connector of the group, requested without the others.

        If it is in no list of the group, Fivetran has to say that it belongs there.
        """
        try:
            connector = self._client.get_connector(connector_id)
        except NotFound:
            raise UnknownConnector(GONE) from None
        if connector.group_id != self._group_id and (connector.group_id or not is_listed):
            raise UnknownConnector(GONE)
        return self._unless_hidden(connector)

    def _unless_hidden(self, connector: Connector) -> Connector:
        if _key(connector) in self._pending_or_last()[1]:
            raise UnknownConnector(GONE)
        name = self._names_or_last([connector.id])[0].get(_key(connector), "")
        return connector.model_copy(update={"display_name": name, "connect_card": None})

    def _shown(self, cached: CachedList[Connector]) -> CachedList[Connector]:
        shown = self._parts(cached.items)[0]
        return cached if shown is cached.items else replace(cached, items=shown)

    def _parts(self, items: Items) -> tuple[Items, Items]:
        """Return the shown and the hidden connectors of a list; each list is split once."""
        split = self._split
        if split[0] is not items:
            deleted = [item for item in items if item.final_at]
            hidden = tuple(sorted(deleted, key=attrgetter("final_at"), reverse=True))
            shown = tuple(item for item in items if not item.final_at) if hidden else items
            split = self._split = (items, shown, hidden)
        return split[1:]

    def _fetch(self) -> Sequence[Connector]:
        # Read first: what is deleted for good meanwhile must not come back with an older list.
        (pending, marks), start = self._pending_or_last(), self._clock()
        try:
            listed = self._account.connectors(self._group_id)
        except (NotFound, Forbidden) as exc:
            raise GroupNotVisible(
                f"Fivetran shows this API key no group {self._group_id!r}. "
                "Check FIVETRAN_GROUP_ID and what the key may see."
            ) from exc
        names, are_read = self._names_or_last([connector.id for connector in listed])
        connectors = []
        for connector in listed:
            key = _key(connector)
            deletion = pending.get(key) if pending else None
            is_pending = deletion and not self._store.deletions.is_held(deletion)
            if is_pending and connector.paused is False:
                self.running.add(connector.id)
            update = {"display_name": names.get(key, ""), "final_at": marks.get(key)}
            connectors.append(connector.model_copy(update={**update, "connect_card": None}))
        if self._on_list:
            age = self._clock() - (listed.read_at or start)
            self._on_list(self._group_id, connectors, self._client.now() - age)
        is_current = are_read and pending is not None
        return PartialList(connectors, listed.unread, listed.read_at, shared=is_current)

    def mark_pending(self, deletion: Deletion, *, is_pending: bool) -> None:
        """Note that a deletion was stored or removed, for lists that are read without the store."""
        marks = dict(self._last_marks())
        marks.pop((deletion.connector_id, deletion.schema_name), None)
        if is_pending:
            marks[deletion.connector_id, deletion.schema_name] = deletion.final_at
        self._marks = (self._clock(), marks)

    def _pending_or_last(self) -> tuple[dict[Key, Deletion] | None, dict[Key, datetime]]:
        """Return the pending deletions, or None if they cannot be read, and when each is final.

        If they cannot be read, these are the last known times.
        """
        try:
            pending = self._read_pending()
        except StoreFailed as error:
            # Hidden connectors stay hidden: shown again, they would be resumed or deleted again.
            logger.debug("pending deletions: %s", error)
            return None, self._last_marks()
        return pending, _ends(pending)

    def _read_pending(self) -> dict[Key, Deletion]:
        deletions = self._store.deletions.listed(self._group_id)
        pending = {(row.connector_id, row.schema_name): row for row in deletions}
        self._marks = (self._clock(), _ends(pending))
        return pending

    def _last_marks(self) -> dict[Key, datetime]:
        """Return when deletions are final, as this process or that of a newer list has read it."""
        known_at, marks = self._marks
        last = self._cache.last(self.key)
        if last is None or last.fetched_at <= known_at:
            return marks
        return {_key(item): item.final_at for item in last.items if item.final_at}

    def _names_or_last(self, connector_ids: list[str]) -> tuple[dict[Key, str], bool]:
        """Return typed names, and True; those of the last list, and False, without the store."""
        try:
            return self._store.names(connector_ids), True
        except StoreFailed as error:
            logger.debug("typed names: %s", error)
        last, ids = self._cache.last(self.key), set(connector_ids)
        items = last.items if last else ()
        named = {_key(item): item.display_name for item in items if item.id in ids}
        return {key: name for key, name in named.items() if name}, False


def _ends(pending: dict[Key, Deletion]) -> dict[Key, datetime]:
    return {key: deletion.final_at for key, deletion in pending.items()}


def connector_named(client: ApiClient, group_id: str, schema_name: str) -> Connector | None:
    """Return the connector of a group that has a permanent name, as Fivetran has it now."""
    listed = client.get_list_of_connectors_in_group(group_id, schema=schema_name)
    return next((item for item in listed if item.schema_name == schema_name), None)


def _pick(cached: CachedList[Connector], field: str, value: str) -> Connector:
    """Return the connector with a value; that an old list has none proves nothing."""
    for connector in cached.items:
        if getattr(connector, field) == value:
            return connector
    raise cached.problem or UnknownConnector(GONE)


def _key(connector: Connector) -> Key:
    return connector.id, connector.schema_name


def _by_id(connectors: Items, connector_id: str) -> Connector | None:
    return next((item for item in connectors if item.id == connector_id), None)


def _marked(connector: Connector, until: dict[Key, datetime], now: datetime) -> Connector:
    """Return a connector of an older list with its deletion as it is pending now.

    A deletion that is no longer pending was carried out if it was due, and undone if not.
    """
    before = connector.final_at
    after = until.get(_key(connector), before if before and before <= now else None)
    return connector if after == before else connector.model_copy(update={"final_at": after})
