"""A connector's schedule, parsed from either of Fivetran's two forms.

If Fivetran sends a `schedule`, it takes precedence over the older fields. What has a value that is
not understood is of the kind "unknown": a part of it could say something else. Values that cannot
be derived, such as the next time of a cron expression, are None. All times are UTC.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from pbf.fivetran.models import Connector, Schedule

Kind = Literal["interval", "time_of_day", "cron", "manual", "unknown"]

DAILY = 1440
# A longer interval, or one shorter than a minute, is not a valid schedule.
LONGEST_INTERVAL = 366 * DAILY
# Each destination has a fixed offset of 0 to 60 minutes, by which all its syncs start later.
# https://fivetran.com/docs/connectors/troubleshooting/sync-start-delay
OFFSET = timedelta(hours=1)
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
GROUPS = {(0, 1, 2, 3, 4): "Weekdays", (5, 6): "Weekends"}
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?Z?")
MANUAL_ONLY = "Manual only"
SET_AT_FIVETRAN = "Set at Fivetran"
DESTINATION_MIDNIGHT = "at midnight in the destination's time zone"


@dataclass(frozen=True)
class Timing:
    """When a connector syncs: `minutes` with an interval, `at` with a time of day.

    `days` are weekdays from 0 (Monday), empty for every day. `at` is None if a daily sync starts
    at midnight in the destination's time zone.
    """

    kind: Kind
    minutes: int | None = None
    at: time | None = None
    days: tuple[int, ...] = ()
    cron: str = ""

    @property
    def spacing(self) -> float | None:
        """The average minutes between two syncs, or None if unknown."""
        if self.kind == "interval":
            return None if self.days else self.minutes
        return DAILY * 7 / (len(self.days) or 7) if self.kind == "time_of_day" else None


def timing(connector: Connector) -> Timing:
    """Return when a connector syncs."""
    if connector.schedule is not None:
        return of_schedule(connector.schedule, otherwise=connector.sync_frequency)
    kind, at = connector.schedule_type.lower(), connector.daily_sync_time
    if kind == "manual":
        return Timing("manual")
    if kind not in ("", "auto"):
        return Timing("unknown")
    if connector.sync_frequency == DAILY:
        moment = clock(at)
        return Timing("time_of_day", at=moment) if moment or not at.strip() else Timing("unknown")
    return _interval(connector.sync_frequency)


def of_schedule(schedule: Schedule, *, otherwise: int | None = None) -> Timing:
    """Return when a `schedule` syncs; `otherwise` is its interval if it has none."""
    kind, at = schedule.schedule_type.upper(), clock(schedule.time_of_day)
    if kind == "MANUAL":
        return Timing("manual")
    if kind == "CRON" and schedule.cron.strip():
        return Timing("cron", cron=" ".join(schedule.cron.split()))
    names = {day.upper() for day in schedule.days_of_week}
    if not names <= set(DAYS):
        return Timing("unknown")
    numbers = tuple(sorted(map(DAYS.index, names)))
    days = numbers if len(numbers) < len(DAYS) else ()
    if kind == "INTERVAL":
        return _interval(otherwise if schedule.interval is None else schedule.interval, days)
    if kind == "TIME_OF_DAY" and at is not None:
        return Timing("time_of_day", at=at, days=days)
    return Timing("unknown")


def clock(text: str) -> time | None:
    """Return a time of day such as 02:00, or None for any other text."""
    match = CLOCK.fullmatch(text.strip())
    return time(int(match[1]), int(match[2])) if match else None


def in_words(connector: Connector) -> str:
    """Return how often a connector syncs, such as "Mondays at 02:00 UTC"."""
    current = timing(connector)
    if current.kind == "unknown" and connector.schedule is None and not connector.sync_frequency:
        return "Unknown"
    return timing_text(current)


def timing_text(timing: Timing) -> str:
    """Return a schedule in words."""
    if timing.kind == "interval" and timing.minutes:
        days = _days(timing.days)
        days = days.lower() if timing.days in GROUPS else days
        return f"{every(timing.minutes)}, {days}" if timing.days else every(timing.minutes)
    if timing.kind == "time_of_day":
        at = f"at {timing.at:%H:%M} UTC" if timing.at else DESTINATION_MIDNIGHT
        return f"{_days(timing.days)} {at}"
    if timing.kind == "cron":
        return f"Cron: {timing.cron}"
    return MANUAL_ONLY if timing.kind == "manual" else SET_AT_FIVETRAN


def every(minutes: int) -> str:
    """Return an interval in words, such as "Every 6 hours"."""
    if minutes % DAILY == 0:
        return "Daily" if minutes == DAILY else f"Every {minutes // DAILY} days"
    if minutes % 60 == 0:
        return "Hourly" if minutes == 60 else f"Every {minutes // 60} hours"
    return "Every minute" if minutes == 1 else f"Every {minutes} minutes"


def following(timing: Timing, after: datetime) -> datetime | None:
    """Return when the sync after a moment is due, up to an hour early; None if unknown."""
    try:
        if timing.kind == "interval" and timing.minutes and not timing.days:
            return after + timedelta(minutes=timing.minutes)
        if timing.kind == "time_of_day" and timing.at is not None:
            return _at_time(after, timing.at, timing.days)
    except OverflowError:  # a date close to the year 9999
        return None
    return None


def expected(connector: Connector) -> datetime | None:
    """Return by when the next success is expected, or None if the schedule does not tell."""
    current, last = timing(connector), connector.succeeded_at
    if last is None or current.spacing is None:
        return None
    try:
        if current.kind == "time_of_day" and current.at is not None:
            due = following(current, last)
            return due + OFFSET if due else None
        return last + timedelta(minutes=current.spacing)
    except OverflowError:
        return None


def is_manual(connector: Connector) -> bool:
    """Whether only a request starts a sync."""
    return timing(connector).kind == "manual"


def days_of(timing: Timing) -> tuple[str, ...]:
    """Return the days of a schedule as Fivetran spells them, empty for every day."""
    return tuple(DAYS[day] for day in timing.days)


def by_time(connector: Connector) -> bool:
    """Whether it syncs at a known time of day."""
    return timing(connector).at is not None


def _interval(minutes: int | None, days: tuple[int, ...] = ()) -> Timing:
    if not minutes or not 0 < minutes <= LONGEST_INTERVAL:
        return Timing("unknown")
    return Timing("interval", minutes=minutes, days=days)


def _at_time(after: datetime, at: time, days: tuple[int, ...]) -> datetime:
    moment = after.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    while moment <= after or (days and moment.weekday() not in days):
        moment += timedelta(days=1)
    return moment


def _days(days: tuple[int, ...]) -> str:
    if not days:
        return "Daily"
    if days in GROUPS:
        return GROUPS[days]
    if len(days) == 1:
        return f"{DAYS[days[0]].capitalize()}s"
    short = [DAYS[day].capitalize()[:3] for day in days]
    return f"{', '.join(short[:-1])} and {short[-1]}"
