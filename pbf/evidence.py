"""What shows that a write whose answer was lost has worked, by what Fivetran then says (pure).

A write that may as well not have happened is not called done: what is the same before and after
proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.models import Connector, SchemaConfig

# Fivetran answers within a minute or not at all; so many seconds later a call leads to nothing.
LATEST = 600.0


def has(now: Connector, wanted: Mapping[str, Any]) -> bool:
    """Whether a connector has the values that were asked for; None stands for any."""
    return all(getattr(now, name) == value for name, value in wanted.items() if value is not None)


def synced(before: Connector, now: Connector, asked: datetime) -> bool:
    """Whether a connector that was at rest syncs, or has done so since it was asked to."""
    if now.status.sync_state == "syncing":
        return before.status.sync_state != "syncing"
    ends = ((before.succeeded_at, now.succeeded_at), (before.failed_at, now.failed_at))
    return any(end is not None and end != old and end >= asked for old, end in ends)


def made(found: Connector, *, service: str, sent_at: float) -> bool:
    """Whether a connector was made by a call of that time, as far as can be told.

    `sent_at` is by Fivetran's clock. What is older is somebody else's, and so is what was made
    when the call had long come to its end, or what somebody has set up: nobody had its card.
    """
    if found.created_at is None or found.service != service:
        return False
    unfinished = found.status.setup_state == "incomplete" and found.succeeded_at is None
    return unfinished and 0 <= found.created_at.timestamp() - sent_at <= LATEST


def resumed(now: Connector, *, paused_at: float, setup_state: str) -> bool:
    """Whether a connector that was paused has been made use of since, by anybody.

    `paused_at` is by Fivetran's clock, in whole seconds; `setup_state` is what it was then.
    """
    if now.paused is not True:
        return True
    if setup_state == "incomplete" and now.status.setup_state == "connected":
        return True
    return now.succeeded_at is not None and int(now.succeeded_at.timestamp()) > paused_at


def rereads(before: Connector, now: Connector) -> bool:
    """Whether a connector reads all history again that did not; any sync is no proof of that."""
    return bool(now.status.is_historical_sync) and not before.status.is_historical_sync


def looked(before: SchemaConfig | None, now: SchemaConfig) -> bool:
    """Whether the source was read since: what is known of it differs."""
    return now != before


def switched(now: SchemaConfig, wanted: Mapping[tuple[str, str], bool]) -> bool:
    """Whether each table, by (schema, table), is on or off as was asked for."""
    for (schema_name, name), on in wanted.items():
        schema = now.schemas.get(schema_name)
        table = schema.tables.get(name) if schema else None
        if schema is None or table is None:
            return False
        if (schema.enabled is not False and bool(table.enabled)) != on:
            return False
    return True
