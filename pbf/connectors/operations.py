"""What can be done with a tenant's own connectors; changes are recorded in the audit log."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

from pbf.clock import utc_now
from pbf.connectors import uncertain_writes
from pbf.connectors.access.caller import require
from pbf.connectors.context import Context
from pbf.connectors.delayed_deletion import DeletionService
from pbf.connectors.uncertain_writes import attempt, confirm, invalidating
from pbf.errors import Forbidden, InvalidRequest, NotApplied, NotFound, NotNow
from pbf.fivetran.fields import LATEST
from pbf.fivetran.history import ErrorRecord, History, SyncRecord
from pbf.fivetran.models import Connector, SchemaConfig, SetupTest
from pbf.rules import schedule as schedules
from pbf.rules.access.permissions import Permission
from pbf.rules.access.policy import refuse_too_often
from pbf.rules.actions import Action, obstacle
from pbf.rules.writes import outcomes
from pbf.store.tables import Deletion

# The longest period that Fivetran returns at once.
HISTORY = timedelta(days=7)
SHOWN_SYNCS = 20
NO_HISTORY = "Fivetran does not provide sync history for this account."
REFUSED = "Fivetran refused the request for the sync history."
SHOWN_ERRORS = 10
# Whether each table is to be on, by (schema, table).
Tables = Mapping[tuple[str, str], bool]


class Operations:
    """The actions of one tenant."""

    def __init__(self, context: Context, deletion: DeletionService) -> None:
        """Act on the connectors of a group."""
        self._client = context.client
        self._connectors = context.connectors
        self._forget = context.connectors.forget
        self._audit_log = context.audit_log
        self._changing = context.changing
        self._policy = context.policy
        self._trusts_the_list = False
        self._deletion = deletion

    @contextmanager
    def together(self) -> Iterator["Operations"]:
        """Yield the same actions for many rows: the cached list is dropped once, at the end.

        The list is trusted on what is not possible: checking would cost a request for each row.
        """
        batch, written = copy(self), threading.Event()
        batch._forget = written.set
        batch._deletion = self._deletion.forgetting(written.set)
        batch._trusts_the_list = True
        try:
            yield batch
        finally:
            if written.is_set():
                self._forget()

    def pause(self, connector_id: str) -> None:
        """Stop a connector from syncing."""
        self._change("pause", connector_id, {"paused": True})

    def resume(self, connector_id: str) -> None:
        """Let a connector sync again."""
        self._change("resume", connector_id, {"paused": False})

    def change(
        self,
        connector_id: str,
        *,
        paused: bool | None = None,
        timing: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Pause or resume a connector, and change its schedule, in one call: all of it or nothing.

        `timing` has a `schedule` or the older fields, by Fivetran's names. Pausing a paused
        connector is no conflict, and if nothing is left to do nothing is recorded.
        """
        todo: dict[Action, str] = {}
        if timing:
            todo["reschedule"] = schedules.asked_in_words(timing)
        if paused is not None:
            action: Action = "pause" if paused else "resume"
            todo[action] = ""
            if self._is_so(connector_id, paused, todo):
                del todo[action]
                paused = None
        with ExitStack() as entries:
            for action, details in todo.items():
                acting = self._acting(action, connector_id, details=details)
                connector = entries.enter_context(acting)
            if todo:
                schedule = schedules.request(connector, timing) if timing else {}
                fastest = self._policy().limits.min_sync_frequency
                refuse_too_often(connector, schedule, fastest=fastest)
                self._write(connector, {"paused": paused, **schedule})

    def sync(self, connector_id: str) -> None:
        """Start a sync now; raise NotNow if one runs already."""
        requested_at = utc_now()
        self._do(
            "sync",
            connector_id,
            self._start_sync,
            lambda before, now: outcomes.has_synced(before, now, requested_at),
        )

    def resync(self, connector_id: str) -> None:
        """Read all history again; a paused connector does so once it is resumed."""
        self._do("resync", connector_id, self._client.resync_connector, outcomes.is_resyncing)

    def test(self, connector_id: str) -> tuple[SetupTest, ...]:
        """Run the setup tests and return their results."""
        with self._acting("test", connector_id) as connector, invalidating(self._forget):
            return self._client.test_connector(connector.id).setup_tests

    def delete(self, connector_id: str, *, now: bool = False) -> Deletion | None:
        """Delete a connector: for good with `now`, else after the time in which it can be undone.

        Returns the pending deletion, and None if the connector is gone.
        """
        return self._deletion.delete(connector_id, now=now)

    def restore(self, connector_id: str) -> None:
        """Undo the pending deletion of a connector, which then syncs as before."""
        self._deletion.restore(connector_id)

    def history(self, connector_id: str) -> History[SyncRecord]:
        """Return the syncs of the last seven days, queued ones first, then the newest."""
        connector = self._connectors.connector(connector_id)
        until = self._present(connector)
        records = self._client.get_sync_history(connector.id, since=until - HISTORY, until=until)
        try:
            syncs = sorted(records, key=_start, reverse=True)
        except (NotFound, Forbidden):
            return History(missing=NO_HISTORY)
        except InvalidRequest:
            # Asking again would cost a request every few seconds, and be refused again.
            return History(missing=REFUSED)
        more, unread = max(0, len(syncs) - SHOWN_SYNCS), getattr(records, "unread", 0)
        return History(items=tuple(syncs[:SHOWN_SYNCS]), more=more, unread=unread)

    def errors(self, connector_id: str) -> History[ErrorRecord]:
        """Return the last errors; none where the account does not offer them."""
        records = self._client.get_errors(self._connectors.connector(connector_id).id)
        try:
            errors = tuple(islice(records, SHOWN_ERRORS))
        except (NotFound, Forbidden, InvalidRequest):
            return History()
        return History(items=errors, unread=getattr(records, "unread", 0))

    def schemas(self, connector_id: str) -> SchemaConfig | None:
        """Return what of the source is synced, or None before the source was read."""
        connector = self._connectors.connector(connector_id)
        try:
            return self._client.get_schemas(connector.id)
        except NotFound:
            return None

    def reload_schemas(self, connector_id: str, *, before: SchemaConfig | None) -> SchemaConfig:
        """Read the source's tables again.

        `before` is what `schemas` returned last: a difference shows that a reload whose answer was
        lost has worked.
        """
        with self._acting("tables", connector_id, record="reload_schemas") as connector:
            return confirm(
                lambda: self._client.reload_schemas(connector.id),
                read=lambda: self._client.get_schemas(connector.id),
                shows=lambda schemas: outcomes.was_reloaded(before, schemas),
            )

    def choose_tables(self, connector_id: str, tables: Tables) -> SchemaConfig:
        """Switch tables on or off."""
        on = sum(tables.values())
        counts = f"{on} on, {len(tables) - on} off"
        acting = self._acting("tables", connector_id, record="choose_tables", details=counts)
        with acting as connector:
            return confirm(
                lambda: self._client.update_schemas(connector.id, tables),
                read=lambda: self._client.get_schemas(connector.id),
                shows=lambda schemas: outcomes.tables_match(schemas, tables),
            )

    def look_again(self, connector_id: str) -> None:
        """Drop the cached list if the connector's status at Fivetran differs from it."""
        cached = self._connectors.connector(connector_id)
        now = attempt(lambda: self._client.get_connector(cached.id))
        if now is not None and now.status != cached.status:
            self._forget()

    def is_paused(self, connector_id: str) -> bool | None:
        """Return whether a connector is paused, as Fivetran says now."""
        cached = self._connectors.connector(connector_id)
        now = self._client.get_connector(cached.id)
        if now.paused != cached.paused:
            self._forget()
        return now.paused

    def _is_so(self, connector_id: str, paused: bool, todo: Mapping[Action, str]) -> bool:
        """Return whether `paused` is so already; if that cannot be read, record the request."""
        with ExitStack() as entries:
            for action, details in todo.items():
                recording = self._audit_log.record(action, connector_id, details=details)
                entry = entries.enter_context(recording)
                entry.skipped = True  # unless it fails
                entry.about(self._connectors.connector(connector_id))
                require(Permission.CHANGE)
            return self.is_paused(connector_id) == paused

    @contextmanager
    def _acting(
        self, action: Action, connector_id: str, *, record: str = "", details: str = ""
    ) -> Iterator[Connector]:
        """Yield a connector that can take an action now, and record the outcome."""
        with self._changing(record or action, connector_id, details=details) as connector:
            if obstacle(action, connector) and not self._trusts_the_list:
                # The list may be a minute old; a refusal must be true now.
                connector = self._client.get_connector(connector.id)
            if reason := obstacle(action, connector):
                raise NotNow(reason)
            yield connector

    def _change(self, action: Action, connector_id: str, fields: Mapping[str, Any]) -> None:
        with self._acting(action, connector_id) as connector:
            self._write(connector, fields)

    def _write(self, connector: Connector, fields: Mapping[str, Any]) -> None:
        with invalidating(self._forget):
            uncertain_writes.change(self._client, connector.id, **fields)

    def _do(
        self,
        action: Action,
        connector_id: str,
        call: Callable[[str], object],
        worked: Callable[[Connector, Connector], bool],
    ) -> None:
        with self._acting(action, connector_id) as before, invalidating(self._forget):
            confirm(
                lambda: call(before.id),
                read=lambda: self._client.get_connector(before.id),
                shows=lambda now: worked(before, now),
            )

    def _start_sync(self, connector_id: str) -> None:
        self._client.sync_connector(connector_id)
        if not self._connectors.connector(connector_id).paused:
            return
        # What Fivetran answers for a paused connector is not documented, so its state decides.
        now = attempt(lambda: self._client.get_connector(connector_id))
        if now and now.paused and now.status.sync_state != "syncing":
            raise NotApplied(
                "Fivetran took the request, but the connector is still paused, so no sync runs. "
                "Resume it first."
            )

    def _present(self, connector: Connector) -> datetime:
        """Return the next second by our clock or Fivetran's, so that no new sync is missed."""
        date = min(self._client.latest.date or 0.0, LATEST.timestamp())
        moments = (connector.succeeded_at, connector.failed_at, datetime.fromtimestamp(date, UTC))
        now = max([utc_now(), *(moment for moment in moments if moment)])
        return now.replace(microsecond=0) + timedelta(seconds=1)


def _start(record: SyncRecord) -> datetime:
    """Return the place of a sync in time; queued ones come after all others."""
    if record.is_queued:
        return datetime.max.replace(tzinfo=UTC)
    return record.start or record.end or datetime.min.replace(tzinfo=UTC)
