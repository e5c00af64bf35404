"""Promises about fresh data: "by 08:00 on weekdays (Europe/Berlin)", "never older than 4 hours".

A promise of a time of day is kept on a day if a sync succeeded in the twelve hours before that
time. A time of day that does not exist, because clocks go forward, counts by the offset before
the change (02:30 becomes 03:30); one that exists twice counts the first time. RFC 5545 does the
same. Twelve hours are always twelve hours that pass, whatever clocks show.

A day is "not observed" if no success is known, and there were times when nothing listened in which
one may have happened.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from pbf.errors import InputError
from pbf.fivetran.models import Connector
from pbf.rules.parsed_schedule import OFFSET, timing
from pbf.rules.time_zones import time_zones
from pbf.rules.timeline.entries import Period
from pbf.rules.timeline.unobserved_time import gaps

Scope = Literal["tenant", "service", "connector"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
Judgement = Literal["kept", "broken", "not observed"]

# How long before a time of day a sync may have succeeded for its data to count as fresh.
WINDOW = timedelta(hours=12)
DAY = timedelta(days=1)
REPORTED = timedelta(days=30)
LONGEST_HOURS = 24.0 * 31
SHORTEST_HOURS = 0.25
# A connector's own schedule promises a success at its time of day and so much later.
LATE_AFTER = OFFSET + timedelta(hours=2)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_GROUPS = {(): "every day", (0, 1, 2, 3, 4): "on weekdays", (5, 6): "on weekends"}


@dataclass(frozen=True)
class Terms:
    """What is promised: fresh `by` a time on days (0 is Monday, () every day), or never older.

    `hours` is set for "within", `at` and `time_zone` for "by".
    """

    kind: Literal["by", "within"]
    hours: float = 0.0
    at: time = time(0)
    days: tuple[int, ...] = ()
    time_zone: str = "UTC"

    @property
    def text(self) -> str:
        """The promise in words."""
        if self.kind == "within":
            return f"Never older than {_hours(self.hours)}"
        days = DAY_GROUPS.get(self.days) or "on " + ", ".join(DAY_NAMES[day] for day in self.days)
        return f"Fresh by {self.at:%H:%M} {days} ({self.time_zone})"


@dataclass(frozen=True)
class Promise:
    """A promise that somebody made, and for what: `target` is an id, "" for the whole tenant."""

    id: str
    scope: Scope
    target: str
    terms: Terms
    created_at: datetime
    created_by: str = ""


@dataclass(frozen=True)
class Tally:
    """On how many days a promise was kept, broken, or not observed."""

    kept: int = 0
    broken: int = 0
    unobserved: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(
            self.kept + other.kept, self.broken + other.broken, self.unobserved + other.unobserved
        )

    @property
    def per_cent(self) -> float | None:
        """The share of the observed days on which it was kept, None without any."""
        judged = self.kept + self.broken
        return 100 * self.kept / judged if judged else None

    @property
    def text(self) -> str:
        """The tally in words; it is 100 % only if it was never broken."""
        if self.per_cent is None:
            return "Not observed yet"
        share = min(round(self.per_cent, 1), 99.9) if self.broken else 100
        days = f"{self.kept:,} of {self.kept + self.broken:,} days"
        unobserved = f", {self.unobserved:,} not observed" if self.unobserved else ""
        return f"{share:g} % kept ({days}{unobserved})"


def terms_by(at: time | None, days: Sequence[int], time_zone: str) -> Terms:
    """Return checked terms of a time of day; raise InputError."""
    if at is None:
        raise InputError('The time must be a time of day from "00:00" to "23:59".')
    if time_zone not in time_zones():
        raise InputError("There is no such time zone. Send a name such as Europe/Berlin.")
    numbers = tuple(sorted(set(days)))
    if not all(0 <= day < len(DAYS) for day in numbers):
        raise InputError(f"The days must be among {', '.join(DAYS)}.")
    at = at.replace(second=0, microsecond=0)
    return Terms("by", at=at, days=numbers if len(numbers) < 7 else (), time_zone=time_zone)


def terms_within(hours: float) -> Terms:
    """Return checked terms of a greatest age; raise InputError."""
    if not SHORTEST_HOURS <= hours <= LONGEST_HOURS:
        raise InputError(f"The hours must be from {SHORTEST_HOURS} to {LONGEST_HOURS:.0f}.")
    return Terms("within", hours=float(hours))


def default_terms(connector: Connector) -> Terms | None:
    """Return what a connector's own schedule promises; None if its times are not known.

    With an interval, data is never older than two of them and an hour.
    """
    current = timing(connector)
    if current.kind == "time_of_day" and current.at is not None:
        due = datetime.combine(date(2000, 1, 3), current.at) + LATE_AFTER  # a Monday
        shift = (due.date() - date(2000, 1, 3)).days
        days = tuple(sorted((day + shift) % 7 for day in current.days))
        return Terms("by", at=due.time(), days=days)
    if current.spacing is None:
        return None
    return Terms("within", hours=2 * current.spacing / 60 + 1)


def reported_since(terms: Terms, until: datetime) -> datetime:
    """Return the start of the days that a tally reports: as many as REPORTED, the present included.

    Days have the length that clocks show, so that a change of the clocks adds none.
    """
    end = until.astimezone(ZoneInfo(terms.time_zone))
    if terms.kind == "within":
        end = datetime.combine(until.astimezone(UTC).date() + DAY, time(0), UTC)
    return (end - REPORTED).astimezone(UTC)


def promise_for(promises: Sequence[Promise], connector: Connector) -> Promise | None:
    """Return the most specific promise for a connector: its own, its service's, the tenant's."""
    targets = {"connector": connector.id, "service": connector.service, "tenant": ""}
    for scope, target in targets.items():
        for promise in promises:
            if (promise.scope, promise.target) == (scope, target):
                return promise
    return None


def deadlines(terms: Terms, since: datetime, until: datetime) -> Iterator[tuple[date, datetime]]:
    """Yield the local date and the time in UTC of each deadline after `since` up to `until`."""
    zone = ZoneInfo(terms.time_zone)
    day = since.astimezone(zone).date() - DAY
    while day <= until.astimezone(zone).date() + DAY:
        # fold=0: before a gap the offset that still holds, and the first of two equal times.
        moment = datetime.combine(day, terms.at, zone).astimezone(UTC)
        if since < moment <= until and (not terms.days or day.weekday() in terms.days):
            yield day, moment
        day += DAY


def broken_since(
    terms: Terms, succeeded_at: datetime | None, seen_at: datetime, *, created_at: datetime | None
) -> datetime | None:
    """Return since when a promise has been broken, as a list showed it at `seen_at`; None if kept.

    Deadlines before `created_at`, when somebody made it, do not count. A connector that never
    succeeded has no data that could be late.
    """
    if succeeded_at is None:
        return None
    breaks = breaks_at(terms, succeeded_at)
    if terms.kind == "by" and breaks and created_at and breaks <= created_at:
        breaks = _next_deadline(terms, created_at)
    return breaks if breaks and breaks <= seen_at else None


def breaks_at(terms: Terms, succeeded_at: datetime) -> datetime | None:
    """Return when a promise will be broken if no sync succeeds after `succeeded_at`."""
    if terms.kind == "within":
        return succeeded_at + timedelta(hours=terms.hours)
    # The first deadline for which this success is too old.
    return _next_deadline(terms, succeeded_at + WINDOW - timedelta(microseconds=1))


def judged_days(
    terms: Terms,
    successes: Sequence[datetime],
    observed: Sequence[Period],
    since: datetime,
    until: datetime,
) -> Iterator[tuple[date, Judgement]]:
    """Yield whether a promise was kept on each day, the oldest first.

    Days are local ones for a time of day, else in UTC. `successes` and `observed` reach back
    before `since` by the promised age, or WINDOW; both are sorted.
    """
    if terms.kind == "by":
        for day, moment in deadlines(terms, since, until):
            window = Period(moment - WINDOW, moment)
            if any(window.since < success <= window.until for success in successes):
                yield day, "kept"
            else:
                yield day, "broken" if _covers(observed, window) else "not observed"
        return
    age = timedelta(hours=terms.hours)
    fresh = _joined([Period(success, success + age) for success in successes])
    # Before the age has passed in an observed period, a success from before it may still count.
    certain = [Period(p.since + age, p.until) for p in observed if p.since + age < p.until]
    start = since.astimezone(UTC)
    while start < until:
        midnight = datetime.combine(start.date() + DAY, time(0), UTC)
        whole = Period(start, min(midnight, until))
        yield start.date(), _judged(whole, fresh, certain)
        start = midnight


def tally(
    terms: Terms,
    successes: Sequence[datetime],
    observed: Sequence[Period],
    since: datetime,
    until: datetime,
) -> Tally:
    """Return on how many days a promise was kept, broken, or not observed."""
    days = judged_days(terms, successes, observed, since, until)
    counts = Counter(judgement for _, judgement in days)
    return Tally(counts["kept"], counts["broken"], counts["not observed"])


def _judged(whole: Period, fresh: Sequence[Period], certain: Sequence[Period]) -> Judgement:
    stale = list(gaps(fresh, whole.since, whole.until))
    if not stale:
        return "kept"
    is_broken = any(
        max(gap.since, sure.since) < min(gap.until, sure.until) for gap in stale for sure in certain
    )
    return "broken" if is_broken else "not observed"


def _next_deadline(terms: Terms, after: datetime) -> datetime | None:
    """Return the first deadline after a time."""
    upcoming = deadlines(terms, after, after + timedelta(days=9))
    return next((moment for _, moment in upcoming), None)


def _covers(observed: Sequence[Period], whole: Period) -> bool:
    return not any(gaps(observed, whole.since, whole.until))


def _joined(periods: Sequence[Period]) -> list[Period]:
    joined: list[Period] = []
    for period in periods:
        if joined and period.since <= joined[-1].until:
            joined[-1] = Period(joined[-1].since, max(joined[-1].until, period.until))
        else:
            joined.append(period)
    return joined


def _hours(hours: float) -> str:
    if hours >= 48 and hours % 24 == 0:
        return f"{hours / 24:.0f} days"
    if hours < 1 or hours % 1:
        minutes = round(hours * 60)
        return f"{minutes} minutes" if hours < 2 else f"{hours:g} hours"
    return f"{hours:.0f} hour{'' if hours == 1 else 's'}"
