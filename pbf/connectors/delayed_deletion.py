"""Deletion that can be undone: a connector is paused and hidden first, and deleted later.

A deletion is stored before anything is done; until it is due, PBF_DELETION_GRACE hours later, it
can be undone. The process that works on it holds a lease, and reads the connector from Fivetran
before carrying out an old decision. A connector that somebody resumed meanwhile, or another one
with the id, is kept.
"""

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy

from pbf.clock import SKEW
from pbf.concurrency import draining
from pbf.connectors import uncertain_writes
from pbf.connectors.access.caller import require
from pbf.connectors.audit import DONE, NOTHING_TO_DO, PendingEntry
from pbf.connectors.context import Context
from pbf.connectors.uncertain_writes import invalidating
from pbf.errors import (
    ApiError,
    BadAnswer,
    InProgress,
    NotFound,
    NotNow,
    StoreFailed,
    UnknownConnector,
)
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.writes.withdrawn_deletion import was_used
from pbf.store.leases import LEASE
from pbf.store.tables import Deletion

HOUR = 3600.0
RETRY_AFTER = 5
BUSY = "This connector is already being deleted or restored. Try again in a moment."
TOO_LATE = "It was already deleted for good."
IN_USE = (
    "It was not deleted: it was resumed or used at Fivetran since. It is in the list again; "
    "delete it there if you still want to."
)
NOT_DUE = (
    "By Fivetran's clock it can still be undone, or the response has no Date header. Check the "
    "clocks of this machine and of the database."
)

logger = logging.getLogger("pbf")


class DeletionService:
    """Deletes the connectors of one group, and restores them."""

    def __init__(self, context: Context, *, grace: float) -> None:
        """Delete after `grace` hours in which it can be undone; 0 for at once."""
        self._group_id = context.group_id
        self._client = context.client
        self._audit_log = context.audit_log
        self._deletions = context.store.deletions
        self._connectors = context.connectors
        self._forget = context.connectors.forget
        self._grace = grace * HOUR

    def forgetting(self, forget: Callable[[], None]) -> "DeletionService":
        """Return the same service, which calls `forget` after a write instead of the list's."""
        service = copy(self)
        service._forget = forget
        return service

    def delete(self, connector_id: str, *, now: bool = False) -> Deletion | None:
        """Pause and hide a connector; return the pending deletion, None if it is gone for good.

        Without a time to undo it, or with `now`, it is deleted for good, also if a deletion is
        pending; raises NotNow if somebody has used it since.
        """
        try:
            # Whatever the list says: it may have been read without the database.
            pending = self._deletions.find(self._group_id, connector_id)
        except StoreFailed as error:
            raise StoreFailed(f"Nothing was deleted. {error}") from error
        permission = Permission.DELETE_NOW if now else Permission.CHANGE
        now = now or not self._grace
        try:
            connector = self._connectors.connector(connector_id)
        except UnknownConnector:
            if pending is None:
                with self._audit_log.record("delete", connector_id):
                    raise
            if not now:
                return pending
            return self._recorded("delete for good", pending, self.carry_out, permission)
        if not now:
            return self._recorded("delete", self._new(connector), self._hide, permission)
        if pending and pending.schema_name == connector.schema_name:
            return self._recorded("delete for good", pending, self.carry_out, permission)
        return self._recorded("delete", self._new(connector), self._end, permission)

    def restore(self, connector_id: str) -> None:
        """Undo a deletion; a connector without a pending one stays as it is.

        Raises UnknownConnector if the connector is gone for good, InProgress if another process
        works on the deletion.
        """
        pending = self._deletions.find(self._group_id, connector_id)
        if pending:
            self._recorded("restore", pending, self._bring_back, Permission.CHANGE)
        else:
            require(Permission.CHANGE)
            self._connectors.connector(connector_id)

    def carry_out(
        self,
        pending: Deletion,
        entry: PendingEntry,
        *,
        only_if_due: bool = False,
        wait: float = 0.0,
    ) -> None:
        """Delete a connector for good; raise NotNow if somebody has used it since it was hidden.

        With `only_if_due`, raise BadAnswer if its time has not come by Fivetran's clock, as of the
        response with the connector: other clocks may be wrong. After a failure no process tries
        again for `wait` seconds.
        """
        with self._claimed(pending, wait):
            connector = self._read(pending)
            if connector is None:
                entry.outcome = NOTHING_TO_DO
            elif _is_in_use(pending, connector):
                self._drop_in_use(pending)
                raise NotNow(IN_USE)
            elif only_if_due and not self._is_due(pending):
                logger.warning("deletion of %s: %s", connector.id, NOT_DUE)
                raise BadAnswer(NOT_DUE)
            else:
                # Reading it may have taken long, and somebody may have restored it meanwhile.
                until = self._deletions.now() + LEASE
                _require(self._deletions.write(pending, lease_until=until))
                self._end(pending, entry)
            self._deletions.remove(pending)

    def pause_again(self, pending: Deletion, *, wait: float) -> None:
        """Pause a connector that our own pause did not reach; show it again if it is in use."""
        with self._claimed(pending, wait):
            connector = self._read(pending)
            if connector is None:
                self._deletions.remove(pending)
            elif pending.paused_at is not None and _is_in_use(pending, connector):
                self._drop_in_use(pending)
            else:
                if not connector.paused:
                    details = "its deletion was cut short"
                    entry = PendingEntry(connector.id, connector.schema_name, details)
                    with self._audit_log.record_done("pause", entry):
                        uncertain_writes.change(self._client, connector.id, paused=True)
                self._deletions.release(pending, paused_at=pending.paused_at or self._client.now())

    def _is_due(self, pending: Deletion) -> bool:
        """Return whether a deletion is due by Fivetran's latest response; not if it has no time."""
        date = self._client.latest.date
        return date is not None and pending.due_at <= date + SKEW

    def _new(self, connector: Connector) -> Deletion:
        return Deletion(
            group_id=self._group_id,
            connector_id=connector.id,
            service=connector.service,
            name=connector.title,
            schema_name=connector.schema_name,
            was_paused=bool(connector.paused),
            due_at=self._client.now() + self._grace,
        )

    def _end(self, deletion: Deletion, entry: PendingEntry) -> None:
        with invalidating(self._forget):
            was_there = uncertain_writes.delete(self._client, deletion.connector_id)
        self._connectors.mark_gone(deletion.connector_id, deletion.schema_name)
        # This stays true if our own database fails after it.
        entry.outcome = DONE if was_there else NOTHING_TO_DO

    def _hide(self, deletion: Deletion, entry: PendingEntry) -> Deletion | None:
        """Store a deletion and pause its connector; what cannot be paused is not hidden either."""
        connector = self._read(deletion)
        if connector is None:
            entry.outcome = NOTHING_TO_DO
            return None
        deletion.due_at = self._client.now() + self._grace
        deletion.was_paused = bool(connector.paused)
        deletion.setup_state = connector.status.setup_state
        try:
            while not self._deletions.add(deletion, LEASE):
                if pending := self._pending_already(deletion):
                    entry.skipped = True
                    return pending
        except StoreFailed as error:
            raise StoreFailed(f"Nothing was deleted. {error}") from error
        self._connectors.mark_pending(deletion, is_pending=True)
        with self._deletions.kept(deletion):
            return self._pause(deletion, entry)

    def _pause(self, deletion: Deletion, entry: PendingEntry) -> Deletion | None:
        try:
            if not deletion.was_paused:
                with invalidating(self._forget):
                    uncertain_writes.change(self._client, deletion.connector_id, paused=True)
        except ApiError as error:
            with suppress(StoreFailed):
                self._remove(deletion)
            if isinstance(error, NotFound):
                entry.outcome = NOTHING_TO_DO
                return None
            raise
        with suppress(StoreFailed):
            self._deletions.release(deletion, paused_at=self._client.now())
        return deletion

    def _pending_already(self, deletion: Deletion) -> Deletion | None:
        """Return the deletion that another tab or process has stored; None once it is removed."""
        pending = self._deletions.find(deletion.group_id, deletion.connector_id)
        if pending is None or pending.schema_name != deletion.schema_name:
            if pending:  # a sandbox that starts again hands out the same ids
                self._deletions.remove(pending)
            return None
        _require(not self._deletions.is_held(pending))
        connector = self._read(pending)
        if connector and connector.paused is False:
            with self._claimed(pending):
                self._drop_in_use(pending)
            return None
        return pending

    @contextmanager
    def _claimed(self, pending: Deletion, wait: float = 0.0) -> Iterator[None]:
        """Hold a deletion while working on it; after a failure leave it alone for `wait` seconds.

        A person's request comes before that.
        """
        with draining.write():
            _require(self._deletions.claim(pending))
            try:
                with self._deletions.kept(pending):
                    yield
            except ApiError:
                with suppress(StoreFailed):
                    self._deletions.release(pending, wait=wait)
                raise

    def _read(self, deletion: Deletion) -> Connector | None:
        """Return the connector of a deletion as Fivetran has it; None if it is gone."""
        try:
            connector = self._client.get_connector(deletion.connector_id)
        except NotFound:
            self._connectors.mark_gone(deletion.connector_id, deletion.schema_name)
            return None
        if connector.schema_name == deletion.schema_name:
            return connector
        logger.warning("%s is another connector now; it is left alone", connector.id)
        return None

    def _drop_in_use(self, deletion: Deletion) -> None:
        """Drop a deletion, so that its connector is shown again as it is."""
        details = "resumed or used since it was deleted"
        entry = PendingEntry(deletion.connector_id, deletion.schema_name, details)
        with self._audit_log.record_done("taken back", entry):
            _require(self._remove(deletion))
        self._connectors.forget()

    def _remove(self, deletion: Deletion) -> bool:
        """Remove a deletion whose connector is shown again; False if it is another process's."""
        is_removed = self._deletions.remove(deletion)
        if is_removed:
            self._connectors.mark_pending(deletion, is_pending=False)
        return is_removed

    def _bring_back(self, pending: Deletion, entry: PendingEntry) -> None:
        with self._claimed(pending):
            connector = self._read(pending)
            if connector is None:
                self._deletions.remove(pending)
                raise UnknownConnector(TOO_LATE)
            if not pending.was_paused and connector.paused is not False:
                with invalidating(self._forget):
                    uncertain_writes.change(self._client, connector.id, paused=False)
                entry.outcome = DONE  # also if another process has begun to work on it meanwhile
            _require(self._remove(pending))

    def _recorded(
        self,
        action: str,
        deletion: Deletion,
        do: Callable[[Deletion, PendingEntry], Deletion | None],
        permission: Permission,
    ) -> Deletion | None:
        """Do something with a deletion if the caller may, and record the outcome."""
        record = self._audit_log.record
        with record(action, deletion.connector_id, name=deletion.schema_name) as entry:
            require(permission)
            try:
                pending = do(deletion, entry)
            except (NotNow, UnknownConnector):
                self._forget()  # it is no longer pending
                raise
            self._forget()
            if pending:
                entry.details = f"can be undone until {pending.final_at:%Y-%m-%d %H:%M} UTC"
            return pending


def _require(is_ours: bool) -> None:
    """Raise InProgress if another process works on a deletion."""
    if not is_ours:
        raise InProgress(BUSY, retry_after=RETRY_AFTER)


def _is_in_use(deletion: Deletion, connector: Connector) -> bool:
    # If our pause was never seen to take effect, its time is not known.
    paused_at = math.inf if deletion.paused_at is None else deletion.paused_at
    return was_used(connector, paused_at=paused_at, setup_state=deletion.setup_state)
