"""The audit log as one tenant's actions write it: an entry for each, with what came of it.

Only our own words go in: what was asked for, and the type of an error. What Fivetran said never
does.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbf.connectors.actor import WHO
from pbf.errors import InProgress, StoreFailed, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.redaction import redact

if TYPE_CHECKING:
    from pbf.store.audit import Entry
    from pbf.store.store import Store

DONE = "done"
NOTHING = "nothing to do"


@dataclass
class Note:
    """What is to be written of the thing that is being done, as far as it is known."""

    connector_id: str
    name: str
    details: str
    outcome: str = DONE
    left_out: bool = False

    def about(self, connector: Connector) -> Connector:
        """Say which connector it is done to, and return it."""
        self.connector_id, self.name = connector.id, connector.schema_name
        return connector


class Journal:
    """The audit log of one group, and no other's."""

    def __init__(self, store: "Store", group_id: str) -> None:
        """Keep it in a store."""
        self._store = store
        self._group_id = group_id

    @contextmanager
    def noted(
        self, what: str, connector_id: str = "", *, name: str = "", details: str = ""
    ) -> Iterator[Note]:
        """Write down what is done within, whether it works or raises, unless it is left out.

        `connector_id` may be anything. A database that fails does not fail the action.
        """
        note = Note(redact(connector_id), name, details)
        try:
            yield note
        except (InProgress, StoreFailed):
            # Who waits for an attempt at work elsewhere has done nothing yet, and a database that
            # has just failed takes no entry.
            raise
        except Exception as error:
            # An id that never was ours may be anything, as often as somebody likes.
            if not isinstance(error, UnknownConnector) or self._was_ours(note):
                self._write(what, note, type(error).__name__)
            raise
        if not note.left_out:
            self._write(what, note, note.outcome)

    def write(self, what: str, note: Note) -> None:
        """Write down what came of something, however often it was tried before."""
        self._write(what, note, note.outcome)

    def newest(self, limit: int, *, connector_id: str = "") -> "list[Entry]":
        """Return the newest entries first, all or those about one connector.

        Raises StoreFailed.
        """
        return self._store.audit.newest(self._group_id, limit, connector_id=connector_id)

    def csv(self) -> Iterator[str]:
        """Yield all entries as lines of CSV, the oldest first; raise StoreFailed."""
        return self._store.audit.csv(self._group_id)

    def _was_ours(self, note: Note) -> bool:
        """Whether the log has an entry on a connector; not if it cannot be read."""
        if note.name:
            return True
        with suppress(StoreFailed):
            return bool(self.newest(1, connector_id=note.connector_id))
        return False

    def _write(self, what: str, note: Note, outcome: str) -> None:
        self._store.record_action(
            *(WHO.get(), what, note.connector_id, note.name, outcome),
            group_id=self._group_id,
            details=note.details,
        )
