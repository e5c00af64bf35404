"""How a connector's schedule reads, whichever of Fivetran's two forms it comes in (pure).

`schedule` rules over the older fields where Fivetran sends it. What cannot be worked out, such as
the next time of a cron expression, is None. All times are UTC.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from pbf.fivetran.models import Connector, Schedule

Kind = Literal["interval", "time_of_day", "cron", "manual", "unknown"]

DAILY = 1440
# A longer interval, or a shorter one than a minute, is no schedule that anybody has set.
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

    `days` are weekdays from 0 (Monday), none for every day. `at` is None where a daily sync starts
    at midnight in the destination's time zone.
    """

    kind: Kind
    minutes: int | None = None
    at: time | None = None
    days: tuple[int, ...] = ()
    cron: str = ""

    @property
    def spacing(self) -> float | None:
        """The minutes between two syncs, on average; None where they cannot be told."""
        if self.kind == "interval":
            return None if self.days else self.minutes
        return DAILY * 7 / (len(self.days) or 7) if self.kind == "time_of_day" else None


def timing(connector: Connector) -> Timing:
    """Return when a connector syncs."""
    if connector.schedule is not None:
        return of_schedule(connector.schedule, otherwise=connector.sync_frequency)
    if connector.schedule_type == "manual":
        return Timing("manual")
    if connector.sync_frequency == DAILY:
        return Timing("time_of_day", at=clock(connector.daily_sync_time))
    return _interval(connector.sync_frequency)


def of_schedule(schedule: Schedule, *, otherwise: int | None = None) -> Timing:
    """Return what a `schedule` of Fivetran's says; `otherwise` stands in for no interval."""
    kind, at = schedule.schedule_type.upper(), clock(schedule.time_of_day)
    numbers = {DAYS.index(day.upper()) for day in schedule.days_of_week if day.upper() in DAYS}
    days = tuple(sorted(numbers)) if len(numbers) < len(DAYS) else ()
    if kind == "MANUAL":
        return Timing("manual")
    if kind == "INTERVAL":
        return _interval(schedule.interval or otherwise, days)
    if kind == "TIME_OF_DAY" and at is not None:
        return Timing("time_of_day", at=at, days=days)
    if kind == "CRON" and schedule.cron.strip():
        return Timing("cron", cron=" ".join(schedule.cron.split()))
    return Timing("unknown")


def clock(text: str) -> time | None:
    """Return a time of day such as 02:00, or None for what is none."""
    found = CLOCK.fullmatch(text.strip())
    return time(int(found[1]), int(found[2])) if found else None


def in_words(connector: Connector) -> str:
    """Return how often a connector syncs, such as "Mondays at 02:00 UTC"."""
    found = timing(connector)
    if found.kind == "unknown" and connector.schedule is None:
        return "Unknown"
    return words(found)


def words(found: Timing) -> str:
    """Return a schedule in words."""
    if found.kind == "interval" and found.minutes:
        on = f", {_days(found.days)}" if found.days else ""
        return f"{every(found.minutes)}{on}"
    if found.kind == "time_of_day":
        at = f"at {found.at:%H:%M} UTC" if found.at else DESTINATION_MIDNIGHT
        return f"{_days(found.days)} {at}"
    if found.kind == "cron":
        return f"Cron: {found.cron}"
    return MANUAL_ONLY if found.kind == "manual" else SET_AT_FIVETRAN


def every(minutes: int) -> str:
    """Return an interval in words, such as "Every 6 hours"."""
    if minutes % DAILY == 0:
        return "Daily" if minutes == DAILY else f"Every {minutes // DAILY} days"
    if minutes % 60 == 0:
        return "Hourly" if minutes == 60 else f"Every {minutes // 60} hours"
    return "Every minute" if minutes == 1 else f"Every {minutes} minutes"


def following(found: Timing, after: datetime) -> datetime | None:
    """Return when the sync after a moment is due, up to an hour early; None if unknown."""
    try:
        if found.kind == "interval" and found.minutes and not found.days:
            return after + timedelta(minutes=found.minutes)
        if found.kind == "time_of_day" and found.at is not None:
            return _at_time(after, found.at, found.days)
    except OverflowError:  # a date close to the year 9999
        return None
    return None


def expected(connector: Connector) -> datetime | None:
    """Return by when the next success is expected; None where no schedule says so."""
    found, last = timing(connector), connector.succeeded_at
    if last is None or found.spacing is None:
        return None
    try:
        if found.kind == "time_of_day" and found.at is not None:
            due = following(found, last)
            return due + OFFSET if due else None
        return last + timedelta(minutes=found.spacing)
    except OverflowError:
        return None


def is_manual(connector: Connector) -> bool:
    """Whether nothing but a request starts a sync."""
    return timing(connector).kind == "manual"


def days_of(found: Timing) -> tuple[str, ...]:
    """Return the days of a schedule as Fivetran spells them, none for every day."""
    return tuple(DAYS[day] for day in found.days)


def by_time(connector: Connector) -> bool:
    """Whether it syncs at a time of day that is known."""
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
