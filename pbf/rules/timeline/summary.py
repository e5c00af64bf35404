"""What the history of a connector comes to: success rate, outages, time spent syncing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import itemgetter

from pbf.fivetran.models import Connector
from pbf.rules.timeline.entries import DayEntry, Period, SyncEntry
from pbf.rules.timeline.marks import moment_of
from pbf.rules.timeline.outcomes import FAILURES, Outcome
from pbf.rules.timeline.unobserved_time import covered, gaps
from pbf.rules.wording import left as in_words


@dataclass(frozen=True)
class Outage:
    """From the last success before failures to the first one after them.

    It begins with the first failure if no success before it is known, and goes on if `ended_at`
    is None. `seconds` leaves out what was not observed.
    """

    started_at: datetime
    ended_at: datetime | None
    failures: int
    seconds: float


@dataclass(frozen=True)
class Summary:
    """The history of a connector in a period, in numbers.

    `rate` is the share of ended syncs that succeeded, None if there are none; `busy` the share of
    the observed time in which it synced, None if nothing was observed.
    """

    succeeded: int
    failed: int
    other: int
    rate: float | None
    busy: float | None
    last_success: datetime | None
    outage: Outage | None
    unobserved: Sequence[Period]

    @property
    def total(self) -> int:
        """The number of syncs."""
        return self.succeeded + self.failed + self.other


def summarize(
    syncs: Sequence[SyncEntry],
    days: Sequence[DayEntry],
    observed: Sequence[Period],
    since: datetime,
    until: datetime,
) -> Summary:
    """Return what a period comes to; `days` are the same syncs counted by day.

    Of a long row of successes, `syncs` needs the first and the last one alone.
    """
    succeeded, failed = sum(day.succeeded for day in days), sum(day.failed for day in days)
    seconds, ended = covered(observed, since, until), succeeded + failed
    successes = (ended_at(sync) for sync in syncs if sync.outcome is Outcome.SUCCEEDED)
    return Summary(
        succeeded=succeeded,
        failed=failed,
        other=sum(day.other for day in days),
        rate=succeeded / ended if ended else None,
        busy=min(1.0, sum(day.busy_seconds for day in days) / seconds) if seconds else None,
        last_success=max((moment for moment in successes if moment), default=None),
        outage=longest_outage(syncs, observed, until),
        unobserved=tuple(gaps(observed, since, until)),
    )


def count_days(syncs: Iterable[SyncEntry]) -> list[DayEntry]:
    """Return syncs counted by the UTC day on which they started, in order."""
    days: dict[date, DayEntry] = {}
    for sync in syncs:
        if moment := moment_of(sync):
            day = moment.astimezone(UTC).date()
            before = days.get(day) or DayEntry(day)
            good, bad = sync.outcome is Outcome.SUCCEEDED, sync.outcome in FAILURES
            days[day] = DayEntry(
                day,
                before.succeeded + good,
                before.failed + bad,
                before.other + (not (good or bad)),
                before.busy_seconds + (sync.seconds or 0.0),
            )
    return [days[day] for day in sorted(days)]


def longest_outage(
    syncs: Iterable[SyncEntry], observed: Sequence[Period], until: datetime
) -> Outage | None:
    """Return the longest outage among syncs in any order; None if none failed."""
    dated = [(moment, sync.outcome, sync) for sync in syncs if (moment := moment_of(sync))]
    dated.sort(key=itemgetter(0))
    outages, success, start, failures = [], None, None, 0
    for moment, outcome, sync in dated:
        if outcome in FAILURES:
            start = start or success or moment
            failures += 1
        elif outcome is Outcome.SUCCEEDED:
            success = ended_at(sync)
            if start:
                outages.append((start, success, failures))
            start, failures = None, 0
    if start:
        outages.append((start, None, failures))
    measured = [
        Outage(start, end, failures, covered(observed, start, end or until))
        for start, end, failures in outages
    ]
    return max(measured, key=lambda outage: outage.seconds, default=None)


def ended_at(sync: SyncEntry) -> datetime | None:
    """Return when a sync ended, or when it started if that alone is known."""
    return sync.ended_at or sync.started_at


def longest_without_data(
    connectors: Iterable[Connector], now: datetime, *, most: int
) -> list[tuple[Connector, datetime]]:
    """Return the running connectors with the oldest last success, each with that time.

    For those that have never succeeded it is when they were created. What is paused or not
    finished is not expected to bring data.
    """
    since = [
        (connector, moment)
        for connector in connectors
        if not (connector.is_paused or connector.is_incomplete)
        and (moment := connector.succeeded_at or connector.created_at)
        and moment < now
    ]
    since.sort(key=lambda pair: (pair[1], pair[0].title))
    return since[:most]


def sentences(summary: Summary) -> list[str]:
    """Return what people ask first, as sentences without times of day."""
    texts = []
    if summary.rate is not None:
        ended = summary.succeeded + summary.failed
        texts.append(f"{percent(summary.rate)} of {ended:,} syncs succeeded.")
    elif summary.total:
        texts.append("No sync has ended.")
    else:
        texts.append("No sync was seen.")
    if summary.outage:
        going = "" if summary.outage.ended_at else " and is not over"
        texts.append(f"The longest outage lasted {in_words(summary.outage.seconds)}{going}.")
    elif summary.total:
        texts.append("No outage was seen.")
    if summary.busy is not None and summary.total:
        texts.append(f"It spent {percent(summary.busy)} of the observed time syncing.")
    return texts


def percent(share: float) -> str:
    """Return a share in per cent; only a whole is "100%", and only nothing "0%"."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(max(share, 0.001), 0.999):.1%}"
