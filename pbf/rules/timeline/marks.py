"""A period of a connector's history as a row of marks, for a chart that is read at a glance.

A mark stands for one sync or, where there are too many, for a stretch of time. What was not
observed is neither good nor bad.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pbf.rules.timeline.entries import DayEntry, Period, SyncEntry
from pbf.rules.timeline.outcomes import FAILURES, Outcome
from pbf.rules.timeline.unobserved_time import covered, gaps, known_until

Kind = Literal["succeeded", "failed", "mixed", "other", "none", "unobserved"]
Span = Literal["day", "week", "90 days"]
SPANS: Mapping[Span, timedelta] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "90 days": timedelta(days=90),
}
# Each step divides its span; with more syncs than MOST_SYNCS a mark stands for a step.
STEPS: Mapping[Span, timedelta] = {
    "day": timedelta(minutes=15),
    "week": timedelta(hours=1),
    "90 days": timedelta(days=1),
}
MOST_SYNCS = 120
# How many syncs succeeded, failed, and did neither, by the start of a step.
Counts = dict[datetime, tuple[int, int, int]]
# A sync that took a moment can still be seen.
LEAST_WIDTH = 0.006


@dataclass(frozen=True)
class Mark:
    """One sync, or the number of syncs in a stretch of time.

    `left` and `width` are shares of the row. `partly` is set if a part was not observed.
    """

    kind: Kind
    since: datetime
    until: datetime
    left: float
    width: float
    succeeded: int = 0
    failed: int = 0
    other: int = 0
    partly: bool = False
    sync: SyncEntry | None = None


@dataclass(frozen=True)
class Row:
    """The marks of a period from left to right, with the stretches that were not observed.

    `gaps` is empty where each mark is a stretch of time that says so itself.
    """

    since: datetime
    until: datetime
    marks: Sequence[Mark]
    gaps: Sequence[Mark] = ()


def kind_of(succeeded: int, failed: int, other: int) -> Kind:
    """Return the kind of mark that stands for so many syncs."""
    if succeeded and failed:
        return "mixed"
    if failed:
        return "failed"
    if succeeded:
        return "succeeded"
    return "other" if other else "none"


def of_days(
    days: Iterable[DayEntry], observed: Sequence[Period], since: datetime, until: datetime
) -> Row:
    """Return a mark for each UTC day between two times, also for those that are partly in it."""
    first = _midnight(since.astimezone(UTC).date())
    last = _midnight(until.astimezone(UTC).date()) + STEPS["90 days"]
    counts = {_midnight(day.day): (day.succeeded, day.failed, day.other) for day in days}
    return _steps(counts, observed, (first, last), STEPS["90 days"], until)


def of_syncs(
    syncs: Sequence[SyncEntry], observed: Sequence[Period], span: Span, until: datetime
) -> Row:
    """Return a mark for each sync of the span before a time, or for each step of the span.

    Syncs that have neither started nor ended have no mark.
    """
    since = until - SPANS[span]
    dated = sorted(
        (at, index, sync)
        for index, sync in enumerate(syncs)
        if (at := moment_of(sync)) and since <= at < until
    )
    if len(dated) <= MOST_SYNCS:
        marks = [_sync_mark(sync, at, since, until) for at, _, sync in dated]
        return Row(since, until, marks, [*_gap_marks(observed, since, until)])
    counts: Counts = {}
    for at, _, sync in dated:
        step = since + (at - since) // STEPS[span] * STEPS[span]
        before, added = counts.get(step, (0, 0, 0)), _counted(sync)
        counts[step] = (before[0] + added[0], before[1] + added[1], before[2] + added[2])
    return _steps(counts, observed, (since, until), STEPS[span], until)


def moment_of(sync: SyncEntry) -> datetime | None:
    """Return when a sync started, or ended if that alone is known; None for a queued one."""
    return sync.started_at or sync.ended_at


def _steps(
    counts: Counts,
    observed: Sequence[Period],
    ends: tuple[datetime, datetime],
    step: timedelta,
    now: datetime,
) -> Row:
    since, until = ends
    number = (until - since) // step
    marks = []
    for index in range(number):
        at = since + index * step
        succeeded, failed, other = counts.get(at, (0, 0, 0))
        # What lies ahead of the last look cannot have been observed.
        end = max(at, min(at + step, known_until(observed, now)))
        partly = covered(observed, at, end) < (end - at).total_seconds()
        kind = kind_of(succeeded, failed, other)
        if kind == "none" and partly:
            kind, partly = "unobserved", False
        mark = Mark(
            kind, at, at + step, index / number, 1 / number, succeeded, failed, other, partly
        )
        marks.append(mark)
    return Row(since, until, marks)


def _sync_mark(sync: SyncEntry, at: datetime, since: datetime, until: datetime) -> Mark:
    end = max(at, min(sync.ended_at or at, until))
    left, width = _place(at, end, since, until)
    return Mark(kind_of(*_counted(sync)), at, end, left, width, *_counted(sync), sync=sync)


def _gap_marks(observed: Sequence[Period], since: datetime, until: datetime) -> Iterable[Mark]:
    for gap in gaps(observed, since, known_until(observed, until)):
        left, width = _place(gap.since, gap.until, since, until)
        yield Mark("unobserved", gap.since, gap.until, left, width)


def _place(start: datetime, end: datetime, since: datetime, until: datetime) -> tuple[float, float]:
    """Return where a stretch begins and how wide it is, within the row."""
    whole = until - since
    width = max((end - start) / whole, LEAST_WIDTH)
    return min((start - since) / whole, 1 - width), width


def _counted(sync: SyncEntry) -> tuple[int, int, int]:
    good, bad = sync.outcome is Outcome.SUCCEEDED, sync.outcome in FAILURES
    return int(good), int(bad), int(not (good or bad))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
