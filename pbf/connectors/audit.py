"""The audit log of one tenant: an entry for each action, with its actor and its outcome.

Entries hold only our own words: what was requested, and the type of an error. Texts from Fivetran
are never recorded.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbf.concurrency import draining
from pbf.connectors.access.caller import caller, require
from pbf.errors import InProgress, ShuttingDown, StoreFailed, UnknownConnector
from pbf.metrics.instruments import CHANGES
from pbf.redaction import redact
from pbf.rules.access.permissions import Permission

if TYPE_CHECKING:  # the server loads this module before it listens
    from pbf.fivetran.models import Connector
    from pbf.store.audit import Entry
    from pbf.store.store import Store

logger = logging.getLogger("pbf")

DONE = "done"
NOTHING_TO_DO = "nothing to do"


@dataclass
class PendingEntry:
    """An entry of the audit log while its action runs."""

    connector_id: str
    name: str
    details: str
    outcome: str = DONE
    skipped: bool = False

    def about(self, connector: "Connector") -> "Connector":
        """Set which connector the entry is about, and return the connector."""
        self.connector_id, self.name = connector.id, connector.schema_name
        return connector


class AuditLog:
    """The audit log of one group."""

    def __init__(self, store: "Store", group_id: str) -> None:
        """Keep the entries in a store."""
        self._entries = store.audit
        self._group_id = group_id

    @contextmanager
    def record(
        self, action: str, connector_id: str = "", *, name: str = "", details: str = ""
    ) -> Iterator[PendingEntry]:
        """Record an action, whether it succeeds or raises, unless the entry is skipped.

        `connector_id` may be any text. A database that fails does not fail the action. Raises
        ShuttingDown if the process is about to end.
        """
        entry = PendingEntry(redact(connector_id), name, details)
        try:
            with draining.write():
                yield entry
        except (InProgress, ShuttingDown, StoreFailed) as error:
            CHANGES.labels(action, type(error).__name__).inc()
            # A caller that waits for another process has done nothing yet, and a database that
            # has just failed takes no entry.
            raise
        except Exception as error:
            # An id that was never ours may be any text, sent any number of times.
            if not isinstance(error, UnknownConnector) or self._was_ours(entry):
                entry.outcome = type(error).__name__
                self.write(action, entry)
            raise
        if not entry.skipped:
            self.write(action, entry)

    def write(self, action: str, entry: PendingEntry) -> None:
        """Write an entry for an action that is complete."""
        CHANGES.labels(action, entry.outcome).inc()
        who = caller()
        actor, about, outcome = who.actor, entry.connector_id, entry.outcome
        try:
            self._entries.add(
                actor,
                action,
                about,
                entry.name,
                outcome,
                group_id=self._group_id,
                details=entry.details,
                actor_name=who.name,
            )
        except StoreFailed:
            logger.error("not in the audit log: %s %s, %s by %s", action, about, outcome, actor)

    def newest(self, limit: int, *, connector_id: str = "") -> "list[Entry]":
        """Return the newest entries first, all or those about one connector.

        Raises StoreFailed.
        """
        return self._entries.newest(self._group_id, limit, connector_id=connector_id)

    def csv(self) -> Iterator[str]:
        """Yield all entries as lines of CSV, the oldest first.

        Raises NotPermitted or StoreFailed.
        """
        require(Permission.EXPORT_AUDIT)
        return self._entries.csv(self._group_id)

    def _was_ours(self, entry: PendingEntry) -> bool:
        """Return whether the log has an entry on a connector; False if it cannot be read."""
        if entry.name:
            return True
        with suppress(StoreFailed):
            return bool(self.newest(1, connector_id=entry.connector_id))
        return False
