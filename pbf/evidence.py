"""What shows that a write whose answer was lost has worked, by what Fivetran then says (pure).

A write that may as well not have happened is not called done: what is the same before and after
proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.models import Connector, SchemaConfig


def has(now: Connector, wanted: Mapping[str, Any]) -> bool:
    """Whether a connector has the values that were asked for; None stands for any."""
    return all(getattr(now, name) == value for name, value in wanted.items() if value is not None)


def synced(before: Connector, now: Connector, asked: datetime) -> bool:
    """Whether a connector that was at rest syncs, or has done so since it was asked to."""
    if now.status.sync_state == "syncing":
        return before.status.sync_state != "syncing"
    ends = ((before.succeeded_at, now.succeeded_at), (before.failed_at, now.failed_at))
    return any(end is not None and end != old and end >= asked for old, end in ends)


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
