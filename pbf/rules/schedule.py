"""When a connector syncs next, and what a request for another schedule changes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.errors import InputError
from pbf.fivetran.models import Connector, Schedule
from pbf.rules.health import health
from pbf.rules.parsed_schedule import (
    DAILY,
    DAYS,
    GROUPS,
    MANUAL_ONLY,
    SET_AT_FIVETRAN,
    Timing,
    days_of,
    every,
    following,
    of_schedule,
    timing,
    timing_text,
)
from pbf.rules.wording import about, ahead, exact, is_to_come

# Minutes between syncs that the API accepts (the enumeration of its definition).
FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, DAILY)
AT_INTERVALS = "At an interval"
AT_A_TIME = "At a time of day"
HOURS = tuple(f"{hour:02}:00" for hour in range(24))
ONLY_DAILY = (
    "daily_sync_time works with a daily schedule only. Send sync_frequency 1440 with it, or leave "
    "it out."
)
HOW_OFTEN = (
    "Send sync_frequency with schedule_type auto: this connector has no schedule to return to."
)


def next_sync(connector: Connector, now: datetime) -> datetime | None:
    """Return when the next sync is due, or None if the schedule does not tell.

    The API has no such field; it follows from the end of the last sync, unless that is still to
    come, and the schedule. The sync may start up to an hour later, by the destination's offset.
    """
    if connector.is_paused or connector.is_syncing or not connector.is_set_up:
        return None
    status, current = connector.status, timing(connector)
    if current.kind == "manual":
        return None
    if status.sync_state == "rescheduled" and status.rescheduled_for:
        return status.rescheduled_for
    ends = [end for end in (connector.succeeded_at, connector.failed_at) if end]
    last = max(ends, default=None)
    return following(current, last) if last and not is_to_come(last, now) else None


def next_in_words(connector: Connector, now: datetime) -> str:
    """Return when the next sync is, such as "in about 2 hours" or "manual only"."""
    current = timing(connector)
    if connector.is_incomplete:
        return "once the set-up is finished"
    if connector.is_paused:
        return "once it is resumed"
    if connector.is_syncing:
        return "running now"
    if current.kind == "manual":
        return MANUAL_ONLY.lower()
    if connector.is_broken:
        reconnects = health(connector, now).action == "reconnect"
        return "once it is repaired" if reconnects else "not known"
    moment = next_sync(connector, now)
    if moment is not None:
        return about(ahead(moment, now)) if moment > now else "due now"
    if current.kind == "time_of_day" and current.at is None:
        return _uncapitalized(current)
    return "not known"


def next_exactly(connector: Connector, now: datetime) -> str:
    """Return about when the next sync is, in UTC, or an empty string if unknown."""
    moment = next_sync(connector, now)
    return f"About {exact(moment)}" if moment else ""


def choices(connector: Connector, *, fastest: int | None = None) -> dict[int, str]:
    """Return the minutes between syncs to choose from, in words, with the current ones.

    `fastest` is the smallest number that the policy allows.
    """
    current = timing(connector).minutes
    allowed = range(fastest or 0, DAILY)
    options = {minutes: every(minutes) for minutes in FREQUENCIES if minutes in allowed}
    if current is None or current in options:
        return options
    return {current: every(current), **options}


def request(connector: Connector, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields to send to Fivetran for a change of schedule, or raise InputError.

    `changes` has a `schedule` or the older fields, by Fivetran's names. A connector that has a
    `schedule` is sent one; others are sent the older fields, if these can express it.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    schedule = given.get("schedule")
    if schedule is None:
        _refuse_partial(connector, given)
        if connector.schedule is None:
            return given
        schedule = _from_older_fields(connector, given)
    if connector.schedule is None and (older := _as_older_fields(schedule)) is not None:
        return older
    return {"schedule": _with_days(schedule)}


def differs(connector: Connector, schedule: Schedule) -> bool:
    """Whether a schedule differs from the connector's."""
    return timing(connector) != of_schedule(schedule)


def asked_in_words(changes: Mapping[str, Any]) -> str:
    """Return a requested change of schedule, such as "daily, at 06:00 UTC"."""
    schedule = changes.get("schedule")
    if schedule is not None:
        return _uncapitalized(of_schedule(schedule))
    kind, minutes, hour = map(changes.get, ("schedule_type", "sync_frequency", "daily_sync_time"))
    parts = [{"auto": "on a schedule", "manual": "manual only"}.get(kind or "", "")]
    parts.append(every(minutes).lower() if minutes else "")
    parts.append(f"at {hour} UTC" if hour else "")
    return ", ".join(filter(None, parts))


def _uncapitalized(current: Timing) -> str:
    """Return a schedule in words with a small first letter, except for names such as "Mondays"."""
    text = timing_text(current)
    by_name = current.kind == "time_of_day" and current.days and current.days not in GROUPS
    return text if by_name or text == SET_AT_FIVETRAN else text[:1].lower() + text[1:]


def _refuse_partial(connector: Connector, given: Mapping[str, Any]) -> None:
    """Refuse a change that Fivetran would answer with 200 and ignore."""
    minutes, kind = given.get("sync_frequency"), given.get("schedule_type")
    current = timing(connector)
    if "daily_sync_time" in given:
        daily = minutes == DAILY if minutes else current.kind == "time_of_day"
        if kind == "manual" or (current.kind == "manual" and kind != "auto") or not daily:
            raise InputError(ONLY_DAILY)
    if kind == "auto" and not minutes:
        stopped = current.kind in ("manual", "unknown")
        if stopped and (connector.schedule is not None or not connector.sync_frequency):
            raise InputError(HOW_OFTEN)


def _from_older_fields(connector: Connector, given: Mapping[str, Any]) -> Schedule:
    """Return the schedule that the older fields request, with the rest unchanged."""
    schedule, current = connector.schedule or Schedule(), timing(connector)
    minutes, at = given.get("sync_frequency"), given.get("daily_sync_time")
    if given.get("schedule_type") == "manual":
        return Schedule(schedule_type="MANUAL")
    if not at and current.kind == "time_of_day" and minutes in (None, DAILY):
        at = schedule.time_of_day[:5]
    if at:
        days = days_of(current) if current.kind == "time_of_day" else ()
        return Schedule(schedule_type="TIME_OF_DAY", time_of_day=at, days_of_week=days)
    if minutes or current.kind == "interval":
        days = days_of(current) if current.kind == "interval" else ()
        interval = minutes or current.minutes
        return Schedule(schedule_type="INTERVAL", interval=interval, days_of_week=days)
    return schedule


def _with_days(schedule: Schedule) -> Schedule:
    """Return a schedule that lists its days; without them Fivetran chooses some itself."""
    if schedule.schedule_type != "TIME_OF_DAY" or schedule.days_of_week:
        return schedule
    return schedule.model_copy(update={"days_of_week": DAYS})


def _as_older_fields(schedule: Schedule) -> dict[str, Any] | None:
    """Return the same schedule in the older fields, or None if they cannot express it."""
    new = of_schedule(schedule)
    if new.kind == "manual":
        return {"schedule_type": "manual"}
    if new.kind == "interval" and not new.days and new.minutes in FREQUENCIES:
        return {"schedule_type": "auto", "sync_frequency": new.minutes}
    if new.kind == "time_of_day" and new.at and not new.days and not new.at.minute:
        hour = schedule.time_of_day[:5]
        return {"schedule_type": "auto", "sync_frequency": DAILY, "daily_sync_time": hour}
    return None
