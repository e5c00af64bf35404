"""The state of functions and SDK connectors: where their last sync ended."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput, SandboxError
from pbf.sandbox.core.records import Connection, Cursor
from pbf.sandbox.core.validation import checked_fields
from pbf.sandbox.core.world import World


def state_of(world: World, connection: Connection) -> dict[str, Any]:
    """Return a connection's state, as a user or a sync last wrote it."""
    if services()[connection.service].type != "Function":
        text = f"Service '{connection.service}' doesn't support state management"
        raise InvalidInput(text)
    succeeded = lifecycle.state_at(connection, world.clock()).succeeded_at
    if succeeded is None:
        raise InvalidInput(f"Connection with id '{connection.id}' doesn't have state")
    written = connection.cursor
    if written is None:
        return {"cursor": stamp(succeeded)}
    if written.written_at >= succeeded:
        return written.state
    return {**written.state, "cursor": stamp(succeeded)}


def write(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Write the state of a paused connection; a body without a state changes nothing."""
    state = checked_fields(body, {"state": dict}).get("state")
    with world.lock:
        state_of(world, connection)
        if state is None:
            return
        now = world.clock()
        if lifecycle.state_at(connection, now).sync_state == "syncing":
            raise Conflict("The state cannot be updated because the sync is in progress")
        if not connection.paused:
            status = world.assumptions.paused_state_change_status
            text = "Pause the connection before you update its state"
            raise SandboxError(text, code=InvalidInput.code, status=status)
        connection.cursor = Cursor(state, now)
