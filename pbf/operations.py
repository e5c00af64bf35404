"""What can be done with a tenant's connectors once they exist.

Every id is looked up among the tenant's own. After a call whose answer was lost the connector is
read again: what the API then says counts, not what we hoped.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from itertools import islice
from typing import Any, TypeVar

from pbf.actions import Action, obstacle
from pbf.api_client import ApiClient
from pbf.deletion import Remover
from pbf.doubt import DOUBTFUL, change
from pbf.errors import ApiError, Forbidden, NotFound, NotNow
from pbf.models import Connector, ErrorRecord, SchemaConfig, SetupTest, SyncRecord
from pbf.pending import Deletion

Item = TypeVar("Item")

SHOWN_SYNCS = 20
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
        remover: Remover,
    ) -> None:
        """Act through a client."""
        self._client = client
        self._find = find
        self._forget = forget
        self._remover = remover

    @contextmanager
    def together(self) -> Iterator["Operations"]:
        """Give out the same actions for many rows: the known list is dropped once, at the end."""
        several = copy(self)
        several._forget = lambda: None
        try:
            yield several
        finally:
            self._forget()

    def pause(self, connector_id: str) -> None:
        """Stop a connector from syncing."""
        self._change("pause", connector_id, paused=True)

    def resume(self, connector_id: str) -> None:
        """Let a connector sync again."""
        self._change("resume", connector_id, paused=False)

    def reschedule(
        self,
        connector_id: str,
        *,
        sync_frequency: int | None = None,
        schedule_type: str | None = None,
        daily_sync_time: str | None = None,
    ) -> None:
        """Change how often, and for a daily sync when (HH:00 UTC), a connector syncs."""
        self._change(
            "reschedule",
            connector_id,
            sync_frequency=sync_frequency,
            schedule_type=schedule_type,
            daily_sync_time=daily_sync_time,
        )

    def sync(self, connector_id: str) -> None:
        """Start a sync now; raise NotNow if that cannot work."""
        self._run("sync", connector_id, self._client.sync_connector)

    def resync(self, connector_id: str) -> None:
        """Read all history again; raise NotNow if that cannot work."""
        self._run("resync", connector_id, self._client.resync_connector)

    def test(self, connector_id: str) -> tuple[SetupTest, ...]:
        """Run the setup tests and return their results; raise NotNow if that cannot work."""
        connector = self._able("test", connector_id)
        try:
            return self._client.test_connector(connector.id).setup_tests
        finally:
            self._forget()

    def delete(self, connector_id: str, *, now: bool = False) -> Deletion | None:
        """Delete a connector: for good if `now`, else it waits if there is a time to undo it.

        Returns what waits, and None for what is gone, by whomever.
        """
        try:
            return self._remover.delete(connector_id, now=now)
        finally:
            self._forget()

    def restore(self, connector_id: str) -> None:
        """Bring back a connector that waits to be deleted, syncing as before."""
        try:
            self._remover.restore(connector_id)
        finally:
            self._forget()

    def history(self, connector_id: str) -> list[SyncRecord] | None:
        """Return the last syncs, newest first, or None where the account does not offer them."""
        connector = self._find(connector_id)
        found = self._offered(lambda: list(self._client.get_sync_history(connector.id)))
        if found is None:
            return None
        newest = sorted((one for one in found if one.start), key=_start, reverse=True)
        return newest[:SHOWN_SYNCS]

    def errors(self, connector_id: str) -> list[ErrorRecord] | None:
        """Return the last errors, or None where the account does not offer them."""
        connector = self._find(connector_id)
        return self._offered(
            lambda: list(islice(self._client.get_errors(connector.id), SHOWN_ERRORS))
        )

    def schemas(self, connector_id: str) -> SchemaConfig | None:
        """Return what of the source is synced, or None before the source was read."""
        connector = self._find(connector_id)
        try:
            return self._client.get_schemas(connector.id)
        except NotFound:
            return None

    def reload_schemas(self, connector_id: str) -> SchemaConfig:
        """Look at the source now; raise NotNow if that cannot work."""
        return self._client.reload_schemas(self._able("tables", connector_id).id)

    def choose_tables(
        self, connector_id: str, tables: Mapping[tuple[str, str], bool]
    ) -> SchemaConfig:
        """Switch tables, by (schema, table), on or off; raise NotNow if that cannot work."""
        return self._client.update_schemas(self._able("tables", connector_id).id, tables)

    def _able(self, action: Action, connector_id: str) -> Connector:
        connector = self._find(connector_id)
        if reason := obstacle(action, connector):
            raise NotNow(reason)
        return connector

    def _run(self, action: Action, connector_id: str, call: Callable[[str], None]) -> None:
        connector = self._able(action, connector_id)
        try:
            call(connector.id)
        except DOUBTFUL:
            ran_before = connector.status.sync_state == "syncing"
            if ran_before or not self._is_syncing(connector.id):
                raise
        finally:
            self._forget()

    def _change(self, action: Action, connector_id: str, **wanted: Any) -> None:
        connector = self._able(action, connector_id)
        try:
            change(self._client, connector.id, **wanted)
        finally:
            self._forget()

    def _is_syncing(self, connector_id: str) -> bool:
        try:
            return self._client.get_connector(connector_id).status.sync_state == "syncing"
        except ApiError:
            return False

    @staticmethod
    def _offered(ask: Callable[[], list[Item]]) -> list[Item] | None:
        try:
            return ask()
        except (NotFound, Forbidden):
            return None


def _start(record: SyncRecord) -> Any:
    return record.start
