"""How reports of several sources become one entry for each sync.

A fact is what is known of one sync under one key. Facts with the same key are joined, and the
result does not depend on the order of reports or on doubled ones: every field takes the largest
value in a fixed order. Facts without an id then become parts of the fact whose sync they show.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TypeVar

from pbf.rules.timeline.entries import Source, SyncReport
from pbf.rules.timeline.outcomes import Outcome

Value = TypeVar("Value", str, float)

# By how many seconds two sources may differ about the same time.
TOLERANCE = 30.0
LONGEST_KEY = 64
# What a sync may become: an attempt that failed may be followed by one that succeeds.
ORDER = {
    outcome: rank
    for rank, outcome in enumerate(
        (
            Outcome.QUEUED,
            Outcome.RUNNING,
            Outcome.ENDED,
            Outcome.RESCHEDULED,
            Outcome.FAILED,
            Outcome.NEEDS_ACTION,
            Outcome.SUCCEEDED,
        )
    )
}
PRECEDENCE: Mapping[str, int] = {"list": 1, "webhook": 2, "history": 3}


@dataclass(frozen=True)
class Fact:
    """What is known of one sync; times in seconds since 1970.

    The ranks say how much the start, the end and the reason count when others differ.
    `started_after` is a time before which it cannot have started, if only its end is known.
    """

    key: str
    sync_id: str
    outcome: Outcome
    seen_at: float
    started_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    volumes: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    sources: frozenset[str] = frozenset()
    start_rank: int = 0
    end_rank: int = 0
    reason_rank: int = 0
    started_after: float | None = None

    @property
    def at(self) -> float:
        """The time by which it is sorted and counted: its start, else its end."""
        if self.started_at is not None:
            return self.started_at
        return self.seen_at if self.ended_at is None else self.ended_at


def fact_of(report: SyncReport, source: Source, now: float) -> Fact | None:
    """Return the fact that a report states; None for one without any id and time."""
    key = _key(report)
    if not key:
        return None
    outcome = Outcome(report.outcome)
    weight, precedence = 100 * ORDER[outcome], PRECEDENCE[source]
    return Fact(
        key=key,
        sync_id=report.sync_id,
        outcome=outcome,
        seen_at=now,
        started_at=report.started_at,
        ended_at=report.ended_at,
        reason=report.reason,
        volumes=dict(report.volumes),
        unknown=dict(report.unknown),
        sources=frozenset({source}),
        start_rank=0 if report.started_at is None else precedence,
        end_rank=weight + (0 if report.ended_at is None else 10) + precedence,
        reason_rank=weight + (10 if report.reason else 0) + precedence,
        started_after=report.started_after,
    )


def join(fact: Fact, other: Fact) -> Fact:
    """Return both facts as one, under the first one's key."""
    starts = [item for item in (fact, other) if item.started_at is not None]
    start = max(starts, key=lambda item: (item.start_rank, -(item.started_at or 0)), default=fact)
    end = max(fact, other, key=lambda item: (item.end_rank, item.ended_at or 0.0))
    reason = max(fact, other, key=lambda item: (item.reason_rank, item.reason))
    return replace(
        fact,
        outcome=max(fact.outcome, other.outcome, key=ORDER.__getitem__),
        seen_at=min(fact.seen_at, other.seen_at),
        started_at=start.started_at,
        ended_at=end.ended_at,
        reason=reason.reason,
        volumes=_joined(fact.volumes, other.volumes),
        unknown=_joined(fact.unknown, other.unknown),
        sources=fact.sources | other.sources,
        start_rank=start.start_rank,
        end_rank=end.end_rank,
        reason_rank=reason.reason_rank,
        started_after=_latest(fact.started_after, other.started_after),
    )


def joined(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return facts by key, those with the same key joined."""
    by_key: dict[str, Fact] = {}
    for fact in facts:
        by_key[fact.key] = join(by_key[fact.key], fact) if fact.key in by_key else fact
    return by_key


def heads(facts: Mapping[str, Fact]) -> dict[str, str]:
    """Return, for each key of a connector's facts, the key of the fact that it is a part of.

    A fact that is no part of another has its own key.
    """
    result = {key: key for key in facts}
    rows = {fact.key: fact for fact in facts.values() if fact.sync_id}
    identified = sorted(rows.values(), key=lambda fact: (fact.at, fact.key))
    for fact in facts.values():
        if not fact.sync_id and fact.started_at is not None:
            if head := _same_start(fact, identified):
                result[fact.key] = head.key
                rows[head.key] = join(rows[head.key], fact)
            else:
                rows[fact.key] = fact
    ends = [fact for fact in facts.values() if not fact.sync_id and fact.started_at is None]
    return {**result, **_heads_of_ends(ends, list(rows.values()))}


def folded(facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """Return one fact for each sync by key, with all its parts."""
    of = heads(facts)
    result = {key: facts[key] for key in facts if of[key] == key}
    for key in sorted(facts):
        if of[key] != key:
            result[of[key]] = join(result[of[key]], facts[key])
    return result


def _key(report: SyncReport) -> str:
    if report.sync_id:
        is_long = len(report.sync_id) > LONGEST_KEY
        return sha256(report.sync_id.encode()).hexdigest() if is_long else report.sync_id
    if report.started_at is not None:
        return f"start {report.started_at:.3f}"
    return "" if report.ended_at is None else f"end {report.ended_at:.3f} {report.outcome}"


def _joined(values: Mapping[str, Value], others: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return both mappings; where both have a name, the larger value."""
    if not others:
        return values
    return {
        name: max(source[name] for source in (values, others) if name in source)
        for name in {**values, **others}
    }


def _latest(time: float | None, other: float | None) -> float | None:
    return max((at for at in (time, other) if at is not None), default=None)


def _same_start(fact: Fact, identified: Sequence[Fact]) -> Fact | None:
    """Return the sync with an id that started at the same time, as far as sources agree."""
    start = fact.started_at or 0.0
    first = bisect_left(identified, start - TOLERANCE, key=lambda item: item.at)
    last = bisect_left(identified, start + TOLERANCE, key=lambda item: item.at)
    near = [item for item in identified[first:last] if item.started_at is not None]
    return min(near, key=lambda item: (abs(item.at - start), item.key), default=None)


def _heads_of_ends(ends: Iterable[Fact], rows: Iterable[Fact]) -> dict[str, str]:
    """Return the heads of facts of which only the end is known.

    A connector runs one sync at a time, so an end belongs to the latest start before it, unless
    another sync is known to have ended since.
    """
    started = sorted((row for row in rows if row.started_at is not None), key=_by_time)
    unstarted = [row for row in rows if row.started_at is None and row.ended_at is not None]
    result: dict[str, str] = {}
    completed: set[str] = set()
    for end in sorted(ends, key=_by_time):
        position = bisect_left(started, end.at, key=lambda row: row.at)
        row = started[position - 1] if position else None
        # A sync that failed at once may start when it ends, or later by another source.
        next_row = started[position] if position < len(started) else None
        is_known = row is not None and _has_end(end, row)
        if not is_known and next_row and _is_brief_end_of(end, next_row):
            result[end.key] = next_row.key
        elif not is_known and (other := _same_end(end, unstarted)):
            result[end.key] = other.key
        elif row and row.key not in completed and _is_end_of(end, row, unstarted):
            result[end.key] = row.key
            if row.ended_at is None:
                completed.add(row.key)
    return result


def _by_time(fact: Fact) -> tuple[float, str]:
    return fact.at, fact.key


def _is_end_of(end: Fact, row: Fact, unstarted: Iterable[Fact]) -> bool:
    """Return whether an end after a sync's start is the sync's own, or that of its attempts.

    A sync without a known start that ended between them shows that the earlier one was over, and
    so does an end of a sync that must have started later.
    """
    if row.ended_at is None:
        is_over = any(row.at < other.at < end.at for other in unstarted)
        is_over = is_over or (end.started_after is not None and row.at < end.started_after)
        return not is_over and (not row.outcome.is_final or _agree(end, row))
    if end.at < row.ended_at - TOLERANCE:
        return True
    return end.at <= row.ended_at + TOLERANCE and _agree(end, row)


def _is_brief_end_of(end: Fact, row: Fact) -> bool:
    """Return whether a sync that starts no earlier than an end took next to no time."""
    return row.at <= end.at + TOLERANCE and _has_end(end, row)


def _has_end(end: Fact, row: Fact) -> bool:
    """Return whether an end is the one that is known of a sync, as far as sources agree."""
    known = row.ended_at
    return known is not None and abs(known - end.at) <= TOLERANCE and _agree(end, row)


def _same_end(end: Fact, unstarted: Iterable[Fact]) -> Fact | None:
    near = [
        (abs((row.ended_at or 0.0) - end.at), row.key, row)
        for row in unstarted
        if abs((row.ended_at or 0.0) - end.at) <= TOLERANCE and _agree(end, row)
    ]
    return min(near)[2] if near else None


def _agree(end: Fact, row: Fact) -> bool:
    succeeded = Outcome.SUCCEEDED
    return row.outcome == Outcome.ENDED or (end.outcome == succeeded) == (row.outcome == succeeded)
