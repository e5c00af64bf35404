"""When a connector syncs next, and what a wish for another schedule changes (pure)."""

from datetime import datetime, timedelta
from typing import Any

from pbf.actions import FREQUENCIES
from pbf.health import frequency
from pbf.models import Connector
from pbf.words import ahead, exact

DAILY = 1440
ON_A_SCHEDULE = "On a schedule"
ON_REQUEST = "Only when somebody asks"
HOURS = tuple(f"{hour:02}:00" for hour in range(24))


def next_sync(connector: Connector) -> datetime | None:
    """Return when the next sync is due by schedule, or None where no schedule says so.

    The API does not tell; it follows from the end of the last sync and the frequency.
    """
    status, minutes = connector.status, connector.sync_frequency
    if connector.paused or status.sync_state in ("paused", "syncing"):
        return None
    if status.setup_state != "connected" or connector.schedule_type == "manual":
        return None
    if status.sync_state == "rescheduled" and status.rescheduled_for:
        return status.rescheduled_for
    ends = [end for end in (connector.succeeded_at, connector.failed_at) if end]
    if not ends or not minutes or minutes < 0:
        return None
    if minutes == DAILY and connector.daily_sync_time in HOURS:
        return _daily(max(ends), int(connector.daily_sync_time[:2]))
    return max(ends) + timedelta(minutes=minutes)


def next_in_words(connector: Connector, now: datetime) -> str:
    """Return when the next sync is, such as "in 2 hours" or "on request"."""
    status = connector.status
    if status.setup_state == "incomplete":
        return "once the set-up is finished"
    if connector.paused or status.sync_state == "paused":
        return "once it is resumed"
    if status.sync_state == "syncing":
        return "running now"
    if status.setup_state == "broken":
        return "once it is reconnected" if status.tasks else "on request"
    if connector.schedule_type == "manual":
        return "on request"
    moment = next_sync(connector)
    if moment is None:
        return "not known"
    return ahead(moment, now) if moment > now else "due now"


def next_exactly(connector: Connector) -> str:
    """Return the time of the next sync in UTC, or nothing where no schedule says so."""
    moment = next_sync(connector)
    return exact(moment) if moment else ""


def choices(connector: Connector) -> dict[int, str]:
    """Return the minutes between syncs one can choose, in words; the present ones included."""
    present = connector.sync_frequency
    if not present or present < 0 or present in FREQUENCIES:
        return FREQUENCIES
    return {present: frequency(connector), **FREQUENCIES}


def change(connector: Connector, *, kind: str, minutes: int | None, hour: str) -> dict[str, Any]:
    """Return what of a wished schedule differs from the present one, by the API's names."""
    wanted: dict[str, Any] = {"schedule_type": "manual" if kind == ON_REQUEST else "auto"}
    if kind == ON_A_SCHEDULE and minutes:
        wanted["sync_frequency"] = minutes
        if minutes == DAILY and hour:
            wanted["daily_sync_time"] = hour
    return {name: value for name, value in wanted.items() if getattr(connector, name) != value}


def _daily(after: datetime, hour: int) -> datetime:
    moment = after.replace(hour=hour, minute=0, second=0, microsecond=0)
    return moment if moment > after else moment + timedelta(days=1)
