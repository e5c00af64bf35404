"""Marks and syncs in words, with times in a reader's time zone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from pbf.rules.health import Tone
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.marks import SPANS, Kind, Mark, Row, Span
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.timeline.summary import Summary, sentences
from pbf.rules.wording import exact, spaced, span

OUTCOMES: Mapping[Outcome, tuple[str, Tone]] = {
    Outcome.QUEUED: ("Queued", "quiet"),
    Outcome.RUNNING: ("Running", "busy"),
    Outcome.SUCCEEDED: ("Succeeded", "good"),
    Outcome.FAILED: ("Failed", "bad"),
    Outcome.NEEDS_ACTION: ("Needs you", "bad"),
    Outcome.RESCHEDULED: ("Rescheduled", "attention"),
    Outcome.ENDED: ("Ended, not known how", "quiet"),
}
KINDS: Mapping[Kind, str] = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "mixed": "Some of each",
    "other": "Running, or not known how it ended",
    "none": "No sync",
    "unobserved": "Not observed",
}
IN_SPAN: Mapping[Span, str] = {
    "day": "the last 24 hours",
    "week": "the last 7 days",
    "90 days": "the last 90 days",
}
SOURCES = {"history": "sync history", "webhook": "webhook", "list": "list of connectors"}


@dataclass(frozen=True)
class Line:
    """One sync in words."""

    moment: datetime | None
    local: str
    start: str
    took: str
    outcome: tuple[str, Tone]
    reason: str
    volume: str
    source: str


def local(moment: datetime, zone: tzinfo) -> str:
    """Return a time to the minute in a time zone, such as "Tue 24 Nov, 13:30"."""
    there = moment.astimezone(zone)
    return f"{there:%a} {there.day} {there:%b, %H:%M}"


def day(moment: datetime, zone: tzinfo) -> str:
    """Return a day, such as "24 Nov"."""
    there = moment.astimezone(zone)
    return f"{there.day} {there:%b}"


def of_mark(mark: Mark, shown: Span, zone: tzinfo) -> str:
    """Return what a mark says on hover."""
    if mark.sync:
        took = f", took {span(mark.sync.seconds)}" if mark.sync.seconds is not None else ""
        word = OUTCOMES[mark.sync.outcome][0]
        return f"{local(mark.since, zone)} ({exact(mark.since)}): {word}{took}"
    if shown == "90 days":
        when = f"{day(mark.since, UTC)} (UTC)"
    else:
        when = f"{local(mark.since, zone)} to {local(mark.until, zone)} ({exact(mark.since)})"
    return f"{when}: {_counts(mark)}{', partly not observed' if mark.partly else ''}"


def _counts(mark: Mark) -> str:
    named = ((mark.succeeded, "succeeded"), (mark.failed, "failed"), (mark.other, "other"))
    counts = [f"{number:,} {word}" for number, word in named if number]
    return ", ".join(counts) or KINDS[mark.kind].lower()


def text_alternative(row: Row, summary: Summary, shown: Span) -> str:
    """Return what the row of marks shows, as text."""
    failed = [mark for mark in row.marks if mark.failed]
    days = sorted({day(mark.since, UTC) for mark in failed}, key=lambda text: text[-3:])
    where = (
        f" Failures on {', '.join(days[:5])}{' and others' if days[5:] else ''}." if days else ""
    )
    return " ".join((f"Syncs of {IN_SPAN[shown]}.", *sentences(summary))) + where


def unobserved(summary: Summary, shown: Span) -> str:
    """Return how much of a span was not observed, as a sentence; "" if all of it was."""
    seconds = sum((gap.until - gap.since).total_seconds() for gap in summary.unobserved)
    if seconds < 60:
        return ""
    whole = SPANS[shown].total_seconds()
    if seconds >= whole:
        return "Nothing of this time was observed."
    return f"Not observed: {span(seconds)} of this time. What happened then is not known."


def lines(syncs: Iterable[SyncEntry], zone: tzinfo) -> list[Line]:
    """Return syncs in words."""
    return [_line(sync, zone) for sync in syncs]


def _line(sync: SyncEntry, zone: tzinfo) -> Line:
    moment = sync.started_at or sync.ended_at
    start = "" if sync.started_at else "not known" if sync.ended_at else "not started yet"
    volumes = (f"{value:,.0f} {spaced(name).lower()}" for name, value in sync.volumes.items())
    return Line(
        moment=moment,
        local=local(moment, zone) if moment else "",
        start=start,
        took=span(sync.seconds) if sync.seconds is not None else "",
        outcome=OUTCOMES[sync.outcome],
        reason=sync.reason,
        volume=", ".join(volumes),
        source=", ".join(SOURCES.get(source, source) for source in sync.sources),
    )


def ticks(row: Row, shown: Span, zone: tzinfo) -> list[str]:
    """Return the labels below a row, at equal distances from its beginning to now."""
    steps = [row.since + (row.until - row.since) * part / 3 for part in range(3)]
    if shown == "day":
        return [*(local(moment, zone).partition(", ")[2] for moment in steps), "now"]
    return [*(day(moment, zone if shown == "week" else UTC) for moment in steps), "now"]
