"""The list of one tenant's connectors: under the names that people gave, without the deleted ones.

All of it lies in the shared cache as one answer. Those that wait to be deleted are marked in it,
so that every process that shares the cache hides them, and their names still count as taken.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pbf.cache.entries import CachedList, PartialList, fingerprint, keep_newest
from pbf.cache.shared import SharedCache
from pbf.errors import Forbidden, GroupNotVisible, NotFound, StoreFailed, UnknownConnector
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.paths import LONGEST_ID
from pbf.rules import refresh
from pbf.store.records import Deletion

if TYPE_CHECKING:
    from pbf.store.store import Store

# For an id that is not listed, a list older than this is read anew: at most four times a minute,
# whoever makes ids up.
UNKNOWN_LIFETIME = 15.0
# So many that are gone for good are left out of former lists.
KEPT_GONE = 1000
GONE = "There is no such connector. It may have been deleted."

Items = tuple[Connector, ...]
# The id and the permanent name: a sandbox that starts again hands out the same ids.
Key = tuple[str, str]

logger = logging.getLogger("pbf")


class Listing:
    """The connectors of one group."""

    def __init__(
        self,
        group_id: str,
        *,
        client: ApiClient,
        cache: SharedCache,
        store: "Store",
        notice_running: Callable[[Iterable[str]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Read through a client; `notice_running` is told of what waits and is not paused.

        The clock is that of the cache.
        """
        self.key = f"connectors:{group_id}"
        self._group_id = group_id
        self._client = client
        self._cache = cache
        self._store = store
        self._notice_running = notice_running
        self._clock = clock
        self._lock = threading.Lock()
        # When the list was last read anew for the sake of an id.
        self._looked_at = -math.inf
        # The last that could be read of the deletions that wait.
        self._waits: dict[Key, Deletion] = {}
        self._gone: dict[str, str] = {}
        self._parted: tuple[Items, Items, Items] = ((), (), ())
        self._corrected: tuple[Items, object, Items, str] = ((), None, (), "")

    def connectors(self) -> CachedList[Connector]:
        """Return the connectors that are not hidden.

        Raises GroupNotVisible if the configured group does not exist for this key.
        """
        return self._shown(self._known())

    def deleted(self) -> CachedList[Connector]:
        """Return the hidden ones, which wait to be deleted for good, the last one first."""
        known = self._known()
        return replace(known, items=self._parts(known.items)[1])

    def connector(self, connector_id: str) -> Connector:
        """Return one that is not hidden, or raise UnknownConnector.

        Raises the ApiError for which there is no newer list, if it is not in the last one.
        """
        if len(connector_id) > LONGEST_ID:
            raise UnknownConnector(GONE)
        known = self._known()
        shown, hidden = self._parts(known.items)
        if connector := _by_id(shown, connector_id):
            return connector
        if _by_id(hidden, connector_id) and self._waits_still(connector_id):
            raise UnknownConnector(GONE)  # by our own book, however old the list
        if known.problem is None and self._may_look(known.fetched_at):
            self.forget()
            known = self._known()
        if known.problem and self._was_made_here(connector_id):
            return self._alone(connector_id, is_listed=False)
        return pick(self._shown(known), "id", connector_id)

    def current(self, *, connector_id: str = "", schema_name: str = "") -> Connector:
        """Return one that is not hidden as Fivetran has it now, by its id or its permanent name.

        Where a new list does not come in time it is asked for alone. Raises UnknownConnector or an
        ApiError.
        """
        self.forget()
        known = self._known()
        shown = self._shown(known)
        if known.problem is None:
            by = ("id", connector_id) if connector_id else ("schema_name", schema_name)
            return pick(shown, *by)
        if not connector_id:
            return self._named_so(schema_name)
        if _by_id(shown.items, connector_id):
            return self._alone(connector_id, is_listed=True)
        return self.connector(connector_id)  # alone too, or it raises

    def names(self) -> list[str]:
        """Return the permanent names that are taken, hidden ones too."""
        return [connector.schema_name for connector in self._known().items]

    def forget(self) -> None:
        """Ask anew at the next look."""
        self._cache.forget(self.key)

    def leave_out(self, connector_id: str, schema_name: str) -> None:
        """Leave one that is gone for good out of former lists."""
        keep_newest(self._gone, connector_id, schema_name, KEPT_GONE)

    def _known(self) -> CachedList[Connector]:
        known = self._cache.get(
            self.key,
            self._fetch,
            lifetime=lambda found: refresh.throttled(
                refresh.list_lifetime(found, self._clock(), page=LARGEST_PAGE),
                self._client.rate_limit,
            ),
        )
        return self._by_our_book(known) if known.problem else known

    def _by_our_book(self, known: CachedList[Connector]) -> CachedList[Connector]:
        """Return a former list with what our own database says now of deletions.

        Fivetran may be slow or away after a deletion or its undoing; the database is at hand.
        """
        try:
            until = {key: waits.final_at for key, waits in self._read_waiting().items()}
        except StoreFailed as error:
            logger.warning("deletions that wait: %s", error)
            return known
        gone = frozenset(tuple(self._gone.items()))
        corrected = self._corrected
        if corrected[0] is not known.items or corrected[1] != (until, gone):
            now = datetime.fromtimestamp(self._clock(), UTC)
            items = tuple(_marked(one, until, now) for one in known.items if _key(one) not in gone)
            corrected = (known.items, (until, gone), items, fingerprint(items))
            self._corrected = corrected
        return replace(known, items=corrected[2], revision=corrected[3])

    def _may_look(self, fetched_at: float) -> bool:
        """Return whether a list may be read anew for an id; if so, take note of it."""
        patience = refresh.throttled(UNKNOWN_LIFETIME, self._client.rate_limit)
        now = self._clock()
        with self._lock:
            # A list that is on its way is waited for, and not asked for once more.
            if now - max(fetched_at, self._looked_at) <= patience:
                return False
            self._looked_at = now
            return True

    def _waits_still(self, connector_id: str) -> bool:
        """Whether a hidden one waits to be deleted; another process may have brought it back."""
        try:
            return self._store.deletions.find(self._group_id, connector_id) is not None
        except StoreFailed:
            return True

    def _was_made_here(self, connector_id: str) -> bool:
        return any(made == connector_id for made, _ in self._names())

    def _alone(self, connector_id: str, *, is_listed: bool) -> Connector:
        """Return one connector of the group, asked for without the others.

        Of one that is in no list of the group, Fivetran has to say that it belongs there.
        """
        try:
            found = self._client.get_connector(connector_id)
        except NotFound:
            raise UnknownConnector(GONE) from None
        if found.group_id != self._group_id and (found.group_id or not is_listed):
            raise UnknownConnector(GONE)
        return self._unless_hidden(found)

    def _named_so(self, schema_name: str) -> Connector:
        listed = self._client.get_list_of_connectors_in_group(self._group_id, schema=schema_name)
        for one in listed:
            if one.schema_name == schema_name:
                return self._unless_hidden(one)
        raise UnknownConnector(GONE)

    def _unless_hidden(self, connector: Connector) -> Connector:
        if _key(connector) in self._waiting():
            raise UnknownConnector(GONE)
        name = self._names().get(_key(connector), "")
        return connector.model_copy(update={"display_name": name, "connect_card": None})

    def _shown(self, known: CachedList[Connector]) -> CachedList[Connector]:
        return replace(known, items=self._parts(known.items)[0])

    def _parts(self, items: Items) -> tuple[Items, Items]:
        """Return what is shown of a list and what is hidden; a long list is parted once."""
        known = self._parted
        if known[0] is not items:
            hidden = tuple(sorted(filter(_hidden_until, items), key=_hidden_until, reverse=True))
            shown = tuple(one for one in items if not one.final_at) if hidden else items
            known = self._parted = (items, shown, hidden)
        return known[1:]

    def _fetch(self) -> Sequence[Connector]:
        # Read first: what is deleted for good meanwhile must not come back with an older list.
        waiting = self._waiting()
        try:
            found = PartialList(self._client.get_list_of_connectors_in_group(self._group_id))
        except (NotFound, Forbidden) as exc:
            raise GroupNotVisible(
                f"Fivetran shows this API key no group {self._group_id!r}. "
                "Check FIVETRAN_GROUP_ID and what the key may see."
            ) from exc
        names = self._names()
        told = [(one, waiting.get(_key(one))) for one in found]
        self._notice_running(
            one.id for one, waits in told if waits and not waits.is_held and one.paused is False
        )
        shown = (
            one.model_copy(
                update={
                    "display_name": names.get(_key(one), ""),
                    "final_at": waits and waits.final_at,
                    "connect_card": None,
                }
            )
            for one, waits in told
        )
        return PartialList(shown, found.unread)

    def _waiting(self) -> dict[Key, Deletion]:
        try:
            return self._read_waiting()
        except StoreFailed as error:
            # What was hidden stays so: shown again, it would be resumed, or deleted once more.
            logger.warning("deletions that wait: %s", error)
            return self._waits

    def _read_waiting(self) -> dict[Key, Deletion]:
        rows = self._store.deletions.listed(self._group_id)
        self._waits = waiting = {(row.connector_id, row.schema_name): row for row in rows}
        return waiting

    def _names(self) -> dict[Key, str]:
        try:
            return self._store.names()
        except StoreFailed as error:
            # People find their connectors by the permanent names meanwhile.
            logger.warning("typed names: %s", error)
            return {}


def pick(known: CachedList[Connector], name: str, value: str) -> Connector:
    """Return the connector with a value; that an old list has none proves nothing."""
    for connector in known.items:
        if getattr(connector, name) == value:
            return connector
    raise known.problem or UnknownConnector(GONE)


def _key(connector: Connector) -> Key:
    return connector.id, connector.schema_name


def _by_id(connectors: Items, connector_id: str) -> Connector | None:
    return next((one for one in connectors if one.id == connector_id), None)


def _marked(connector: Connector, until: dict[Key, datetime], now: datetime) -> Connector:
    """Return a connector of a former list as it waits now.

    What waits no more though its time had come was deleted; before that, somebody brought it back.
    """
    before = connector.final_at
    after = until.get(_key(connector), before if before and before <= now else None)
    return connector if after == before else connector.model_copy(update={"final_at": after})


def _hidden_until(connector: Connector) -> float:
    return connector.final_at.timestamp() if connector.final_at else 0.0
