"""The list of one tenant's connectors: under the names that people gave, without the deleted ones.

All of it lies in the shared cache as one answer. Those that wait to be deleted are marked in it,
so that every process that shares the cache hides them, and their names still count as taken.
"""

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pbf import reserve
from pbf.api_client import LARGEST_PAGE, ApiClient
from pbf.cache import Answer, PartialList, SharedCache
from pbf.errors import Forbidden, GroupNotVisible, NotFound, StoreFailed, UnknownConnector
from pbf.health import is_moving
from pbf.known import keep_newest
from pbf.models import Connector
from pbf.pending import Deletion
from pbf.places import LONGEST_ID
from pbf.schedule import next_sync

if TYPE_CHECKING:
    from pbf.store import Store

QUIET_LIFETIME = 60.0
MOVING_LIFETIME = 3.0
# When a scheduled sync begins can be worked out to about so many seconds.
ROUGHLY = 30.0
# For so many seconds an id is taken for unknown once the list was read anew for its sake, which
# all such ids together may bring about so many times a minute: whoever makes ids up must not use
# up the hour's requests.
UNKNOWN_LIFETIME = 15.0
LOOKS_A_MINUTE = 4
KEPT_UNKNOWN = 1000
GONE = "There is no such connector. It may have been deleted."

Items = tuple[Connector, ...]

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
        self._unknown = _UnknownIds()
        # The last that could be read of the deletions that wait.
        self._waits: dict[tuple[str, str], Deletion] = {}
        self._parted: tuple[Items, Items, Items] = ((), (), ())

    def connectors(self) -> Answer[Connector]:
        """Return the connectors that are not hidden.

        Raises GroupNotVisible if the configured group does not exist for this key.
        """
        known = self._known()
        return replace(known, items=self._parts(known.items)[0])

    def deleted(self) -> Answer[Connector]:
        """Return the hidden ones, which wait to be deleted for good, the last one first."""
        known = self._known()
        return replace(known, items=self._parts(known.items)[1])

    def connector(self, connector_id: str) -> Connector:
        """Return one that is not hidden, or raise UnknownConnector.

        Raises the ApiError for which there is no newer list, if it is not in the last one.
        """
        if len(connector_id) > LONGEST_ID:
            raise UnknownConnector(GONE)
        known = self.connectors()
        if not any(connector.id == connector_id for connector in known.items):
            patience = reserve.stretched(MOVING_LIFETIME, self._client.rate_limit)
            now = self._clock()
            old = known.problem is None and now - known.fetched_at > patience
            if old and self._unknown.may_look(connector_id, now):
                self.forget()
            known = self.connectors()
            if any(connector.id == connector_id for connector in self.deleted().items):
                raise UnknownConnector(GONE)  # by our own book, however old the list
        return pick(known, "id", connector_id)

    def names(self) -> list[str]:
        """Return the permanent names that are taken, hidden ones too."""
        return [connector.schema_name for connector in self._known().items]

    def forget(self) -> None:
        """Ask anew at the next look."""
        self._cache.forget(self.key)

    def _known(self) -> Answer[Connector]:
        return self._cache.get(
            self.key,
            self._fetch,
            lifetime=lambda found: reserve.stretched(
                _lifetime(found, self._clock()), self._client.rate_limit
            ),
        )

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
        told = [(one, waiting.get((one.id, one.schema_name))) for one in found]
        self._notice_running(
            one.id for one, waits in told if waits and not waits.is_held and one.paused is False
        )
        shown = (
            one.model_copy(
                update={
                    "display_name": names.get((one.id, one.schema_name), ""),
                    "final_at": waits and waits.final_at,
                    "connect_card": None,
                }
            )
            for one, waits in told
        )
        return PartialList(shown, found.unread)

    def _waiting(self) -> dict[tuple[str, str], Deletion]:
        try:
            rows = self._store.deletions.listed(self._group_id)
        except StoreFailed as error:
            # What was hidden stays so: shown again, it would be resumed, or deleted once more.
            logger.warning("deletions that wait: %s", error)
            return self._waits
        self._waits = {(row.connector_id, row.schema_name): row for row in rows}
        return self._waits

    def _names(self) -> dict[tuple[str, str], str]:
        try:
            return self._store.names()
        except StoreFailed as error:
            # People find their connectors by the permanent names meanwhile.
            logger.warning("typed names: %s", error)
            return {}


class _UnknownIds:
    """The ids for whose sake the list was read anew lately."""

    def __init__(self) -> None:
        self._absent: dict[str, float] = {}
        self._looks: deque[float] = deque(maxlen=LOOKS_A_MINUTE)
        self._lock = threading.Lock()

    def may_look(self, connector_id: str, now: float) -> bool:
        """Return whether the list may be read anew for an id; if so, take note of it."""
        with self._lock:
            if now - self._absent.get(connector_id, -math.inf) < UNKNOWN_LIFETIME:
                return False
            if len(self._looks) == LOOKS_A_MINUTE and now - self._looks[0] < 60:
                return False
            self._looks.append(now)
            keep_newest(self._absent, connector_id, now, KEPT_UNKNOWN)
            return True


def pick(known: Answer[Connector], name: str, value: str) -> Connector:
    """Return the connector with a value; that an old list has none proves nothing."""
    for connector in known.items:
        if getattr(connector, name) == value:
            return connector
    raise known.problem or UnknownConnector(GONE)


def _hidden_until(connector: Connector) -> float:
    return connector.final_at.timestamp() if connector.final_at else 0.0


def _lifetime(connectors: Sequence[Connector], now: float) -> float:
    """Return for how many seconds a list is fresh; a page more costs a request more.

    A list at rest is asked for sooner when one of its connectors is due to sync.
    """
    pages = -(-len(connectors) // LARGEST_PAGE)
    soon = min(MOVING_LIFETIME * max(pages, 1), QUIET_LIFETIME)
    waits = [moment.timestamp() - now for moment in map(next_sync, connectors) if moment]
    if any(abs(wait) < ROUGHLY for wait in waits):
        return soon
    if is_moving(connectors, datetime.fromtimestamp(now, UTC)):
        return soon
    return min([QUIET_LIFETIME, *(max(wait - ROUGHLY, soon) for wait in waits if wait > 0)])
