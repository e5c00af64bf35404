"""Whether an uncertain write took effect, by what Fivetran reports afterwards.

A write counts as done only if something shows it: a state that is the same before and after the
write proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.parsed_schedule import DAILY, Timing, clock, of_schedule, timing

# The fields that described a schedule before there was `schedule`.
OLDER_FIELDS = ("sync_frequency", "schedule_type", "daily_sync_time")


def matches(connector: Connector, changes: Mapping[str, Any]) -> bool:
    """Whether a connector has the requested values; None stands for any value."""
    return all(_has(connector, name, value) for name, value in changes.items() if value is not None)


def ignored_fields(response: Connector, changes: Mapping[str, Any]) -> list[str]:
    """Return the fields that Fivetran answered with other values than requested.

    A field that the response leaves out proves nothing; a `daily_sync_time` that is null beside a
    schedule shows that it was ignored.
    """
    has_schedule = response.schedule is not None
    is_reported = {
        "schedule": has_schedule or response.sync_frequency is not None,
        "sync_frequency": has_schedule or response.sync_frequency is not None,
        "daily_sync_time": has_schedule or response.sync_frequency is not None,
        "schedule_type": has_schedule or bool(response.schedule_type),
        "paused": response.paused is not None,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    return [
        name for name in given if is_reported.get(name) and not _has(response, name, given[name])
    ]


def _has(connector: Connector, name: str, value: Any) -> bool:
    if name == "schedule":
        return timing(connector) == of_schedule(value)
    if connector.schedule is not None and name in OLDER_FIELDS:
        return _agrees(timing(connector), name, value)  # the schedule takes precedence
    if name == "daily_sync_time":
        return clock(connector.daily_sync_time) == clock(value)
    return bool(getattr(connector, name) == value)


def _agrees(current: Timing, name: str, value: Any) -> bool:
    """Whether a schedule agrees with the value of an older field."""
    if name == "schedule_type":
        return bool((current.kind == "manual") == (value == "manual"))
    if name == "daily_sync_time":
        return current.at is not None and current.at == clock(value)
    is_daily = value == DAILY and current.kind == "time_of_day"
    return bool(is_daily or current.minutes == value)


def has_synced(before: Connector, after: Connector, requested_at: datetime) -> bool:
    """Whether a sync that did not run before runs now, or has ended since the request."""
    if after.is_syncing:
        return not before.is_syncing
    ends = ((before.succeeded_at, after.succeeded_at), (before.failed_at, after.failed_at))
    return any(end is not None and end != old and end >= requested_at for old, end in ends)


def is_resyncing(before: Connector, after: Connector) -> bool:
    """Whether a connector re-reads its history now and did not before; any sync is no proof."""
    return bool(after.status.is_historical_sync) and not before.status.is_historical_sync


def was_reloaded(before: SchemaConfig | None, after: SchemaConfig) -> bool:
    """Whether the source was read since: its schema differs from before."""
    return after != before


def tables_match(config: SchemaConfig, tables: Mapping[tuple[str, str], bool]) -> bool:
    """Whether each table, by (schema, table), is on or off as requested."""
    for (schema_name, name), on in tables.items():
        schema = config.schemas.get(schema_name)
        table = schema.tables.get(name) if schema else None
        if schema is None or table is None:
            return False
        if (schema.enabled is not False and bool(table.enabled)) != on:
            return False
    return True
