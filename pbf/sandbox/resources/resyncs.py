"""Reading again what was synced before: all of it, or some tables."""

from typing import Any

from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.errors import Conflict, InvalidInput
from pbf.sandbox.core.records import Connection
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import connections, schemas


def checked_scope(scope: Any) -> dict[str, list[str]]:
    """Return a scope, once it names at least one table of each of its schemas."""
    good = (
        isinstance(scope, dict)
        and scope
        and all(isinstance(tables, list) and tables for tables in scope.values())
        and all(isinstance(table, str) for tables in scope.values() for table in tables)
    )
    if not good:
        raise InvalidInput("The 'scope' must name at least one table of each schema")
    return dict(scope)


def resync(world: World, connection: Connection, scope: Any) -> None:
    """Read everything again, or the tables in scope; at once, or when the connection resumes."""
    wanted = None if scope is None else checked_scope(scope)
    with world.lock:
        if wanted is not None:
            schemas.refuse_unknown_tables(connection, wanted)
        now = world.clock()
        running = lifecycle.moment(connection, now).sync_state == "syncing"
        if running and lifecycle.failing(connection):
            raise Conflict("A sync is in progress and cannot be completed. Try again later.")
        world.webhooks.note_resync(connection, wanted or {})
        historical = True if wanted is None else None
        connections.begin(connection, now, historical=historical, outcome="SUCCESSFUL")


def resync_tables(world: World, connection: Connection, tables: Any) -> None:
    """Read some tables of a connected connection again."""
    schemas.refuse_unconnected(connection)
    schemas.selection_of(world, connection)
    resync(world, connection, tables)
