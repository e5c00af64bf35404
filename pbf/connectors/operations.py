"""What can be done with a tenant's connectors once they exist.

Every id is looked up among the tenant's own. After a call whose answer was lost the connector is
read again: what the API then says counts, not what we hoped. What changes something, or was to, is
in the audit log.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import copy
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Any

from pbf.connectors import uncertain_writes
from pbf.connectors.audit import Journal
from pbf.connectors.deletion import Remover, writing
from pbf.connectors.uncertain_writes import DOUBTFUL, connector_then
from pbf.errors import ApiError, Forbidden, InvalidRequest, NotApplied, NotFound, NotNow
from pbf.fivetran.client import ApiClient
from pbf.fivetran.fields import LATEST
from pbf.fivetran.history import ErrorRecord, History, SyncRecord
from pbf.fivetran.models import Connector, Schedule, SchemaConfig, SetupTest
from pbf.rules import schedule as schedules
from pbf.rules import write_checks
from pbf.rules.actions import Action, obstacle
from pbf.store.records import Deletion

# The longest stretch of time that Fivetran tells of at once.
HISTORY = timedelta(days=7)
SHOWN_SYNCS = 20
UNTOLD = "Fivetran does not provide sync history for this account."
REFUSED = "Fivetran refused the request for the sync history."
SHOWN_ERRORS = 10


class Operations:
    """The actions of one tenant.

    `find` looks a connector up, `forget` drops the known list, and `remover` deletes and restores.
    """

    def __init__(
        self,
        client: ApiClient,
        *,
        find: Callable[[str], Connector],
        forget: Callable[[], None],
        journal: Journal,
        remover: Remover,
    ) -> None:
        """Act through a client, and write it into a journal."""
        self._client = client
        self._find = find
        self._forget = forget
        self._journal = journal
        self._trusts_the_list = False
        self._remover = remover

    @contextmanager
    def together(self) -> Iterator["Operations"]:
        """Give out the same actions for many rows: the known list is dropped once, at the end.

        What it says cannot work is believed, or refusing many rows would cost a request for each.
        """
        several, written = copy(self), threading.Event()
        several._forget = written.set
        several._trusts_the_list = True
        try:
            yield several
        finally:
            if written.is_set():
                self._forget()

    def pause(self, connector_id: str) -> None:
        """Stop a connector from syncing."""
        self._change("pause", connector_id, {"paused": True})

    def resume(self, connector_id: str) -> None:
        """Let a connector sync again."""
        self._change("resume", connector_id, {"paused": False})

    def reschedule(
        self,
        connector_id: str,
        *,
        sync_frequency: int | None = None,
        schedule_type: str | None = None,
        daily_sync_time: str | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        """Change when a connector syncs, by a `schedule` or by the older fields (HH:00 UTC)."""
        asked = {
            "sync_frequency": sync_frequency,
            "schedule_type": schedule_type,
            "daily_sync_time": daily_sync_time,
            "schedule": schedule,
        }
        self.change(connector_id, timing=asked)

    def change(
        self,
        connector_id: str,
        *,
        paused: bool | None = None,
        timing: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        """Pause or resume a connector, and change its schedule, in one call: all of it or nothing.

        `timing` has the arguments of `reschedule`. A pause that is so already is no conflict, and
        where nothing is left to do nothing is noted.
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
                doing = self._doing(action, connector_id, details=details)
                before = entries.enter_context(doing)
            if todo:
                schedule = schedules.request(before, timing) if timing else {}
                self._write(before, {"paused": paused, **schedule})

    def sync(self, connector_id: str) -> None:
        """Start a sync now; raise NotNow if one runs already."""
        asked = datetime.now(UTC)
        self._do(
            "sync",
            connector_id,
            self._start_sync,
            lambda before, now: write_checks.has_synced(before, now, asked),
        )

    def resync(self, connector_id: str) -> None:
        """Read all history again; a paused connector does so once it is resumed."""
        self._do("resync", connector_id, self._client.resync_connector, write_checks.is_resyncing)

    def test(self, connector_id: str) -> tuple[SetupTest, ...]:
        """Run the setup tests and return their results."""
        with self._doing("test", connector_id) as connector, writing(self._forget):
            return self._client.test_connector(connector.id).setup_tests

    def delete(self, connector_id: str, *, now: bool = False) -> Deletion | None:
        """Delete a connector: for good if `now`, else it waits if there is a time to undo it.

        Returns what waits, and None for what is gone, by whomever.
        """
        return self._remover.delete(connector_id, forget=self._forget, now=now)

    def restore(self, connector_id: str) -> None:
        """Bring back a connector that waits to be deleted, syncing as before."""
        self._remover.restore(connector_id, forget=self._forget)

    def history(self, connector_id: str) -> History[SyncRecord]:
        """Return the syncs of the last seven days, those that wait first, then the newest."""
        connector = self._find(connector_id)
        until = self._present(connector)
        told = self._client.get_sync_history(connector.id, since=until - HISTORY, until=until)
        try:
            found = sorted(told, key=_start, reverse=True)
        except (NotFound, Forbidden):
            return History(missing=UNTOLD)
        except InvalidRequest:
            # Asking again would cost a request every few seconds, and be refused again.
            return History(missing=REFUSED)
        more = max(0, len(found) - SHOWN_SYNCS)
        return History(
            items=tuple(found[:SHOWN_SYNCS]), more=more, unread=getattr(told, "unread", 0)
        )

    def errors(self, connector_id: str) -> History[ErrorRecord]:
        """Return the last errors; none where the account does not offer them."""
        connector = self._find(connector_id)
        told = self._client.get_errors(connector.id)
        try:
            found = tuple(islice(told, SHOWN_ERRORS))
        except (NotFound, Forbidden, InvalidRequest):
            return History()
        return History(items=found, unread=getattr(told, "unread", 0))

    def schemas(self, connector_id: str) -> SchemaConfig | None:
        """Return what of the source is synced, or None before the source was read."""
        connector = self._find(connector_id)
        try:
            return self._client.get_schemas(connector.id)
        except NotFound:
            return None

    def reload_schemas(self, connector_id: str, *, known: SchemaConfig | None) -> SchemaConfig:
        """Look at the source now.

        `known` is what `schemas` returned last: what differs from it shows that a look whose
        answer was lost has worked.
        """
        with self._doing("tables", connector_id, what="reload_schemas") as connector:
            try:
                return self._client.reload_schemas(connector.id)
            except DOUBTFUL:
                found = self._schemas_then(connector.id)
                if found is None or not write_checks.was_reloaded(known, found):
                    raise
                return found

    def choose_tables(
        self, connector_id: str, tables: Mapping[tuple[str, str], bool]
    ) -> SchemaConfig:
        """Switch tables, by (schema, table), on or off."""
        on = sum(tables.values())
        counts = f"{on} on, {len(tables) - on} off"
        with self._doing("tables", connector_id, what="choose_tables", details=counts) as connector:
            try:
                return self._client.update_schemas(connector.id, tables)
            except DOUBTFUL:
                found = self._schemas_then(connector.id)
                if found is None or not write_checks.tables_match(found, tables):
                    raise
                return found

    def look_again(self, connector_id: str) -> None:
        """Drop the known list if Fivetran says now that a connector is in another state."""
        known = self._find(connector_id)
        now = connector_then(self._client, known.id)
        if now is not None and now.status != known.status:
            self._forget()

    def is_paused(self, connector_id: str) -> bool | None:
        """Return whether a connector is paused, as Fivetran says now."""
        known = self._find(connector_id)
        now = self._client.get_connector(known.id)
        if now.paused != known.paused:
            self._forget()
        return now.paused

    def _is_so(self, connector_id: str, paused: bool, todo: Mapping[Action, str]) -> bool:
        """Whether it is paused or not as is wanted; if that cannot be told, note what was asked."""
        with ExitStack() as entries:
            for action, details in todo.items():
                noted = self._journal.noted(action, connector_id, details=details)
                note = entries.enter_context(noted)
                note.left_out = True  # unless it fails
                note.about(self._find(connector_id))
            return self.is_paused(connector_id) == paused

    @contextmanager
    def _doing(
        self, action: Action, connector_id: str, *, what: str = "", details: str = ""
    ) -> Iterator[Connector]:
        """Yield a connector that can take an action now; what comes of it is written down."""
        with self._journal.noted(what or action, connector_id, details=details) as note:
            connector = note.about(self._find(connector_id))
            if obstacle(action, connector) and not self._trusts_the_list:
                # The list may be a minute old; a refusal must be true now.
                connector = self._client.get_connector(connector.id)
            if reason := obstacle(action, connector):
                raise NotNow(reason)
            yield connector

    def _change(self, action: Action, connector_id: str, wanted: Mapping[str, Any]) -> None:
        with self._doing(action, connector_id) as before:
            self._write(before, wanted)

    def _write(self, before: Connector, wanted: Mapping[str, Any]) -> None:
        with writing(self._forget):
            uncertain_writes.change(self._client, before.id, **wanted)

    def _do(
        self,
        action: Action,
        connector_id: str,
        call: Callable[[str], object],
        worked: Callable[[Connector, Connector], bool],
    ) -> None:
        with self._doing(action, connector_id) as before, writing(self._forget):
            try:
                call(before.id)
            except DOUBTFUL:
                now = connector_then(self._client, before.id)
                if now is None or not worked(before, now):
                    raise

    def _start_sync(self, connector_id: str) -> None:
        self._client.sync_connector(connector_id)
        if not self._find(connector_id).paused:
            return
        # What Fivetran answers for a paused connector is not documented, so its state decides.
        now = connector_then(self._client, connector_id)
        if now and now.paused and not now.is_syncing:
            raise NotApplied(
                "Fivetran took the request, but the connector is still paused, so no sync runs. "
                "Resume it first."
            )

    def _present(self, connector: Connector) -> datetime:
        """Return the present to the next second, by Fivetran's clock where that is ahead of ours.

        A sync that has just begun would be missed else.
        """
        told = min(self._client.date or 0.0, LATEST.timestamp())
        moments = (connector.succeeded_at, connector.failed_at, datetime.fromtimestamp(told, UTC))
        now = max([datetime.now(UTC), *(moment for moment in moments if moment)])
        return now.replace(microsecond=0) + timedelta(seconds=1)

    def _schemas_then(self, connector_id: str) -> SchemaConfig | None:
        try:
            return self._client.get_schemas(connector_id)
        except ApiError:
            return None


def _start(record: SyncRecord) -> datetime:
    """Return the place of a sync in time; what waits comes after all others."""
    if record.is_queued:
        return datetime.max.replace(tzinfo=UTC)
    return record.start or record.end or datetime.min.replace(tzinfo=UTC)
