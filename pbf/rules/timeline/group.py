"""The syncs of a tenant by hour and by day, as statistics for the overview."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pbf.rules.statistics import BAD, GOOD, HOURS, Bar, Line, Statistic
from pbf.rules.timeline.entries import DayCount, HourCount

DAYS = 90
NOTE = "All syncs that were seen. Where nothing was observed, there may have been more."


def by_hour(counts: Iterable[HourCount], now: datetime) -> Statistic:
    """Return the syncs of the last 24 hours; the present hour has only begun."""
    this_hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    by_start = {count.hour: (count.succeeded, count.failed) for count in counts}
    labels = {str(back): this_hour - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)}
    numbers = {label: by_start.get(hour, (0, 0)) for label, hour in labels.items()}
    rows = [
        (f"{hour:%H}:00 UTC", *numbers[label])
        for label, hour in reversed(labels.items())
        if any(numbers[label])
    ]
    return _statistic("hours", "Syncs by hour", "the last 24 hours", numbers, rows)


def by_day(counts: Iterable[DayCount], now: datetime) -> Statistic:
    """Return the syncs of the last 90 days, by UTC day."""
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    by_date = {count.day: (count.succeeded, count.failed) for count in counts}
    numbers = {f"{day.day} {day:%b}": by_date.get(day, (0, 0)) for day in days}
    rows = [(day.isoformat(), *by_date[day]) for day in reversed(days) if any(by_date.get(day, ()))]
    return _statistic("days", "Syncs by day", "the last 90 days", numbers, rows)


def _statistic(
    name: str,
    title: str,
    when: str,
    numbers: Mapping[str, tuple[int, int]],
    rows: Sequence[tuple[str, int, int]],
) -> Statistic:
    good, bad = (sum(pair[index] for pair in numbers.values()) for index in (0, 1))
    return Statistic(
        name,
        title,
        f"{good:,} sync{'' if good == 1 else 's'} succeeded in {when}; "
        f"{f'{bad:,}' if bad else 'none'} failed.",
        [Bar(label, pair[0], "busy", {}, GOOD) for label, pair in numbers.items()]
        + [Bar(label, pair[1], "bad", {}, BAD) for label, pair in numbers.items()],
        ("When", GOOD, BAD),
        [Line((label, f"{up:,}", f"{down:,}"), {}) for label, up, down in rows],
        NOTE,
    )
