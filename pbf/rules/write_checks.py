"""What shows that a write whose answer was lost has worked, by what Fivetran then says (pure).

A write that may as well not have happened is not called done: what is the same before and after
proves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.fivetran.models import Connector, SchemaConfig
from pbf.rules.timing import DAILY, Timing, clock, of_schedule, timing

# Fivetran answers within a minute or not at all; so many seconds later a call leads to nothing.
LATEST = 600.0
# The fields in which Fivetran told of schedules before there was a `schedule`.
OLDER = ("sync_frequency", "schedule_type", "daily_sync_time")


def matches(now: Connector, wanted: Mapping[str, Any]) -> bool:
    """Whether a connector has the values that were asked for; None stands for any."""
    return all(_has(now, name, value) for name, value in wanted.items() if value is not None)


def ignored_fields(answer: Connector, wanted: Mapping[str, Any]) -> list[str]:
    """Return the fields that Fivetran answered with other values than were asked for.

    A field that the answer leaves out shows nothing; a `daily_sync_time` that is null beside a
    schedule shows that it was ignored.
    """
    scheduled = answer.schedule is not None
    told = {
        "schedule": scheduled or answer.sync_frequency is not None,
        "sync_frequency": scheduled or answer.sync_frequency is not None,
        "daily_sync_time": scheduled or answer.sync_frequency is not None,
        "schedule_type": scheduled or bool(answer.schedule_type),
        "paused": answer.paused is not None,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return [name for name in given if told.get(name) and not _has(answer, name, given[name])]


def _has(now: Connector, name: str, value: Any) -> bool:
    if name == "schedule":
        return timing(now) == of_schedule(value)
    if now.schedule is not None and name in OLDER:
        return _says(timing(now), name, value)  # the schedule rules over these fields
    if name == "daily_sync_time":
        return clock(now.daily_sync_time) == clock(value)
    return bool(getattr(now, name) == value)


def _says(now: Timing, name: str, value: Any) -> bool:
    """Whether a schedule says what one of the older fields asks for."""
    if name == "schedule_type":
        return bool((now.kind == "manual") == (value == "manual"))
    if name == "daily_sync_time":
        return now.at is not None and now.at == clock(value)
    by_time = value == DAILY and now.kind == "time_of_day"
    return bool(by_time or now.minutes == value)


def has_synced(before: Connector, now: Connector, asked: datetime) -> bool:
    """Whether a connector that was at rest syncs, or has done so since it was asked to."""
    if now.status.sync_state == "syncing":
        return before.status.sync_state != "syncing"
    ends = ((before.succeeded_at, now.succeeded_at), (before.failed_at, now.failed_at))
    return any(end is not None and end != old and end >= asked for old, end in ends)


def was_created(found: Connector, *, service: str, sent_at: float) -> bool:
    """Whether a connector was made by a call of that time, as far as can be told.

    `sent_at` is by Fivetran's clock. What is older is somebody else's, and so is what was made
    when the call had long come to its end, or what somebody has set up: nobody had its card.
    """
    if found.created_at is None or found.service != service:
        return False
    unfinished = found.status.setup_state == "incomplete" and found.succeeded_at is None
    return unfinished and 0 <= found.created_at.timestamp() - sent_at <= LATEST


def was_used(now: Connector, *, paused_at: float, setup_state: str) -> bool:
    """Whether a connector that was paused has been made use of since, by anybody.

    `paused_at` is by Fivetran's clock, in whole seconds; `setup_state` is what it was then.
    """
    if now.paused is not True:
        return True
    if setup_state == "incomplete" and now.status.setup_state == "connected":
        return True
    return now.succeeded_at is not None and int(now.succeeded_at.timestamp()) > paused_at


def is_resyncing(before: Connector, now: Connector) -> bool:
    """Whether a connector reads all history again that did not; any sync is no proof of that."""
    return bool(now.status.is_historical_sync) and not before.status.is_historical_sync


def was_reloaded(before: SchemaConfig | None, now: SchemaConfig) -> bool:
    """Whether the source was read since: what is known of it differs."""
    return now != before


def tables_match(now: SchemaConfig, wanted: Mapping[tuple[str, str], bool]) -> bool:
    """Whether each table, by (schema, table), is on or off as was asked for."""
    for (schema_name, name), on in wanted.items():
        schema = now.schemas.get(schema_name)
        table = schema.tables.get(name) if schema else None
        if schema is None or table is None:
            return False
        if (schema.enabled is not False and bool(table.enabled)) != on:
            return False
    return True
