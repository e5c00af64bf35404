"""What was seen to happen to connectors, as opposed to what people did to them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Literal

from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.marks import moment_of
from pbf.rules.timeline.outcomes import FAILURES, Outcome

Kind = Literal["failed", "recovered", "broken", "paused"]


@dataclass(frozen=True)
class SeenEvent:
    """Something that was seen to happen to a connector."""

    at: datetime
    connector_id: str
    kind: Kind
    details: str = ""


def of_syncs(syncs: Iterable[SyncEntry]) -> Iterator[SeenEvent]:
    """Yield where a connector's syncs began to fail and where they succeeded again.

    Failures in a row are one event, at the first of them.
    """
    dated = [(moment, sync) for sync in syncs if (moment := moment_of(sync))]
    first: SyncEntry | None = None
    start, failures = None, 0
    for moment, sync in sorted(dated, key=itemgetter(0)):
        if sync.outcome in FAILURES:
            first, start = first or sync, start or moment
            failures += 1
        elif sync.outcome is Outcome.SUCCEEDED and first and start:
            yield _failed(first, start, failures)
            yield SeenEvent(sync.ended_at or moment, sync.connector_id, "recovered")
            first, start, failures = None, None, 0
    if first and start:
        yield _failed(first, start, failures)


def _failed(sync: SyncEntry, at: datetime, failures: int) -> SeenEvent:
    times = f"{failures} times in a row" if failures > 1 else ""
    details = ". ".join(text.rstrip(".") for text in (times, sync.reason) if text)
    return SeenEvent(at, sync.connector_id, "failed", f"{details}." if details else "")
