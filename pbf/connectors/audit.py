"""The audit log of one tenant: an entry for each action, with its actor and its outcome.

Entries hold only our own words: what was requested, and the type of an error. Texts from Fivetran
are never recorded.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbf.concurrency import draining
from pbf.connectors.access.caller import caller, require
from pbf.errors import (
    InProgress,
    InvalidChannel,
    ShuttingDown,
    StoreFailed,
    UnknownConnector,
    UnknownId,
)
from pbf.metrics.instruments import CHANGES
from pbf.redaction import redact
from pbf.rules.access.permissions import Permission

if TYPE_CHECKING:  # the server loads this module before it listens
    from pbf.fivetran.models import Connector
    from pbf.store.audit.entries import Entry
    from pbf.store.store import Store

DONE = "done"
# The outcome of an action whose process was killed, as the store records it.
BEGUN = "begun"
NOTHING_TO_DO = "nothing to do"


@dataclass
class PendingEntry:
    """An entry of the audit log while its action runs; an empty outcome is not known yet."""

    connector_id: str
    name: str
    details: str = ""
    outcome: str = ""
    skipped: bool = False
    # Of several entries with the same key the first is stored; without one each is.
    key: str = ""

    def about(self, connector: "Connector") -> "Connector":
        """Set which connector the entry is about, and return the connector."""
        self.connector_id, self.name = connector.id, connector.schema_name
        return connector

    def about_new(self, connector: "Connector") -> "Connector":
        """Do as `about` for a connector that was created, which is recorded only once."""
        created = f"{connector.group_id} {connector.id} {connector.created_at}"
        self.key = hashlib.blake2b(created.encode(), digest_size=16).hexdigest()
        return self.about(connector)


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

        `connector_id` may be any text. An outcome that the block has set stays. Raises StoreFailed
        if nothing can be recorded, and ShuttingDown if the process is about to end.
        """
        entry = PendingEntry(redact(connector_id), name, details)
        try:
            with draining.write(), self._recording(action, entry):
                try:
                    yield entry
                except Exception as error:
                    entry.skipped = self._is_left_out(entry, error)
                    entry.outcome = entry.outcome or type(error).__name__
                    raise
                entry.outcome = entry.outcome or DONE
        except (InProgress, ShuttingDown) as error:
            CHANGES.labels(action, type(error).__name__).inc()
            raise

    @contextmanager
    def record_done(self, action: str, entry: PendingEntry) -> Iterator[None]:
        """Record an action of the background work, which is repeated if it fails.

        It is recorded if the block succeeds or has set the outcome.
        """
        with draining.write(), self._recording(action, entry):
            try:
                yield
            except Exception:
                entry.skipped = not entry.outcome
                raise
            entry.outcome = entry.outcome or DONE

    @contextmanager
    def _recording(self, action: str, entry: PendingEntry) -> Iterator[None]:
        """Record an entry as it is at the end of the block, unless it is skipped."""
        who = caller()
        with self._entries.recording(
            actor=who.actor,
            actor_name=who.name,
            what=action,
            group_id=self._group_id,
            connector_id=entry.connector_id,
            name=entry.name,
            details=entry.details,
        ) as stored:
            try:
                yield
            finally:
                stored.connector_id, stored.name = entry.connector_id, entry.name
                stored.details = entry.details
                stored.entry_key = entry.key or stored.entry_key
                stored.outcome = "" if entry.skipped else entry.outcome or stored.outcome
                if stored.outcome:
                    CHANGES.labels(action, stored.outcome).inc()

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

    def _is_left_out(self, entry: PendingEntry, error: Exception) -> bool:
        """Return whether an action that failed is not recorded."""
        if isinstance(error, InProgress):
            return not entry.outcome  # a caller that waits for another process has done nothing
        # An id that was never ours, or an address, may be any text, sent any number of times.
        if isinstance(error, UnknownConnector):
            return not self._was_ours(entry)
        return isinstance(error, UnknownId | InvalidChannel)

    def _was_ours(self, entry: PendingEntry) -> bool:
        """Return whether the log has an entry on a connector; False if it cannot be read."""
        if entry.name:
            return True
        with suppress(StoreFailed):
            return bool(self.newest(1, connector_id=entry.connector_id))
        return False
