"""Times in which nothing was observed: what the observed periods leave out."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from pbf.rules.timeline.entries import Period

# How long the last look may be ago; lists are read every half hour at least.
LAST_LOOK = timedelta(minutes=30)


def gaps(observed: Sequence[Period], since: datetime, until: datetime) -> Iterator[Period]:
    """Yield what sorted, separate periods leave out of a stretch of time."""
    at = since
    for period in observed:
        if period.until <= at:
            continue
        if period.since >= until:
            break
        if period.since > at:
            yield Period(at, period.since)
        at = period.until
    if at < until:
        yield Period(at, until)


def known_until(observed: Sequence[Period], now: datetime) -> datetime:
    """Return the end of the last period if that is a moment ago, else now.

    What happened since the last look is not known yet, which is no gap.
    """
    end = observed[-1].until if observed else now
    return end if end >= now - LAST_LOOK else now


def covered(observed: Sequence[Period], since: datetime, until: datetime) -> float:
    """Return how many seconds of a stretch of time sorted, separate periods cover."""
    left_out = sum((gap.until - gap.since).total_seconds() for gap in gaps(observed, since, until))
    return max(0.0, (until - since).total_seconds() - left_out)
