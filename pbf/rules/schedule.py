"""When a connector syncs next, and what a request for another schedule changes (pure)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pbf.errors import InputError
from pbf.fivetran.models import Connector, Schedule
from pbf.rules.actions import FREQUENCIES
from pbf.rules.health import health
from pbf.rules.timing import (
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
    words,
)
from pbf.rules.wording import ahead, exact

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


def next_sync(connector: Connector) -> datetime | None:
    """Return when the next sync is due by schedule, or None where no schedule says so.

    The API does not tell; it follows from the end of the last sync and the schedule. The sync may
    start up to an hour later, by the destination's offset.
    """
    status = connector.status
    if connector.paused or status.sync_state in ("paused", "syncing"):
        return None
    found = timing(connector)
    if status.setup_state != "connected" or found.kind == "manual":
        return None
    if status.sync_state == "rescheduled" and status.rescheduled_for:
        return status.rescheduled_for
    ends = [end for end in (connector.succeeded_at, connector.failed_at) if end]
    return following(found, max(ends)) if ends else None


def next_in_words(connector: Connector, now: datetime) -> str:
    """Return when the next sync is, such as "in about 2 hours" or "manual only"."""
    status, found = connector.status, timing(connector)
    if status.setup_state == "incomplete":
        return "once the set-up is finished"
    if connector.paused or status.sync_state == "paused":
        return "once it is resumed"
    if status.sync_state == "syncing":
        return "running now"
    if found.kind == "manual":
        return MANUAL_ONLY.lower()
    if status.setup_state == "broken":
        reconnects = health(connector, now).action == "reconnect"
        return "once it is repaired" if reconnects else "not known"
    moment = next_sync(connector)
    if moment is not None:
        return _about(ahead(moment, now)) if moment > now else "due now"
    if found.kind == "time_of_day" and found.at is None:
        return _within_a_sentence(found)
    return "not known"


def next_exactly(connector: Connector) -> str:
    """Return about when the next sync is, in UTC, or nothing where no schedule says so."""
    moment = next_sync(connector)
    return f"About {exact(moment)}" if moment else ""


def choices(connector: Connector) -> dict[int, str]:
    """Return the minutes between syncs one can choose, in words; the present ones included."""
    present = timing(connector).minutes
    known = {minutes: text for minutes, text in FREQUENCIES.items() if minutes != DAILY}
    if present is None or present in known:
        return known
    return {present: every(present), **known}


def request(connector: Connector, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields to send to Fivetran for a schedule that is asked for, or raise InputError.

    `asked` has a `schedule`, or the older fields, by Fivetran's names. A connector that has a
    `schedule` is sent one; others are sent the older fields, where these can say it.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    wanted = given.get("schedule")
    if wanted is None:
        _refuse_half(connector, given)
        if connector.schedule is None:
            return given
        wanted = _of_older(connector, given)
    if connector.schedule is None and (older := _as_older(wanted)) is not None:
        return older
    return {"schedule": _with_days(wanted)}


def differs(connector: Connector, wanted: Schedule) -> bool:
    """Whether a schedule is another one than the connector has."""
    return timing(connector) != of_schedule(wanted)


def asked_in_words(asked: Mapping[str, Any]) -> str:
    """Return what of a schedule is asked for, such as "daily, at 06:00 UTC"."""
    wanted = asked.get("schedule")
    if wanted is not None:
        return _within_a_sentence(of_schedule(wanted))
    kind, minutes, hour = map(asked.get, ("schedule_type", "sync_frequency", "daily_sync_time"))
    said = [{"auto": "on a schedule", "manual": "manual only"}.get(kind or "", "")]
    said.append(every(minutes).lower() if minutes else "")
    said.append(f"at {hour} UTC" if hour else "")
    return ", ".join(filter(None, said))


def _within_a_sentence(found: Timing) -> str:
    """Return a schedule in words: lower case at the start, but for names such as "Mondays"."""
    told = words(found)
    by_name = found.kind == "time_of_day" and found.days and found.days not in GROUPS
    return told if by_name or told == SET_AT_FIVETRAN else told[:1].lower() + told[1:]


def _about(told: str) -> str:
    """Return "in about 2 hours" for "in 2 hours"."""
    return f"in about {told[3:]}" if told.startswith("in ") else told


def _refuse_half(connector: Connector, given: Mapping[str, Any]) -> None:
    """Refuse what Fivetran would answer with 200 and not do."""
    minutes, kind = given.get("sync_frequency"), given.get("schedule_type")
    present = timing(connector)
    if "daily_sync_time" in given:
        daily = minutes == DAILY if minutes else present.kind == "time_of_day"
        if kind == "manual" or (present.kind == "manual" and kind != "auto") or not daily:
            raise InputError(ONLY_DAILY)
    if kind == "auto" and not minutes:
        stopped = present.kind in ("manual", "unknown")
        if stopped and (connector.schedule is not None or not connector.sync_frequency):
            raise InputError(HOW_OFTEN)


def _of_older(connector: Connector, given: Mapping[str, Any]) -> Schedule:
    """Return the schedule that the older fields ask for, with what stays as it is."""
    present, found = connector.schedule or Schedule(), timing(connector)
    minutes, at = given.get("sync_frequency"), given.get("daily_sync_time")
    if given.get("schedule_type") == "manual":
        return Schedule(schedule_type="MANUAL")
    if not at and found.kind == "time_of_day" and minutes in (None, DAILY):
        at = present.time_of_day[:5]
    if at:
        days = days_of(found) if found.kind == "time_of_day" else ()
        return Schedule(schedule_type="TIME_OF_DAY", time_of_day=at, days_of_week=days)
    if minutes or found.kind == "interval":
        days = days_of(found) if found.kind == "interval" else ()
        interval = minutes or found.minutes
        return Schedule(schedule_type="INTERVAL", interval=interval, days_of_week=days)
    return present


def _with_days(wanted: Schedule) -> Schedule:
    """Return a schedule that names its days: without them, Fivetran chooses some itself."""
    if wanted.schedule_type != "TIME_OF_DAY" or wanted.days_of_week:
        return wanted
    return wanted.model_copy(update={"days_of_week": DAYS})


def _as_older(wanted: Schedule) -> dict[str, Any] | None:
    """Return the older fields that say the same, or None where they cannot."""
    found = of_schedule(wanted)
    if found.kind == "manual":
        return {"schedule_type": "manual"}
    if found.kind == "interval" and not found.days and found.minutes in FREQUENCIES:
        return {"schedule_type": "auto", "sync_frequency": found.minutes}
    if found.kind == "time_of_day" and found.at and not found.days and not found.at.minute:
        hour = wanted.time_of_day[:5]
        return {"schedule_type": "auto", "sync_frequency": DAILY, "daily_sync_time": hour}
    return None
