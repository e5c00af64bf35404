"""Which times were observed, and which part of a history to read next.

A list shows only the last success and failure of a connector. So the time between two lists was
observed for a connector if it is at most half of the time between two of its syncs; in a longer
time a sync may have gone unseen. Lists cover a whole group, hence they are kept by classes: those
of class 60 came often enough for connectors that sync every 60 minutes or less often.
"""

from collections.abc import Iterable, Sequence

from pbf.fivetran.models import Connector
from pbf.rules.parsed_schedule import timing

Span = tuple[float, float]

MINUTE, DAY = 60.0, 86400.0
CLASSES = (1, 5, 15, 30, 60, 180, 360, 1440)
# Of connectors without a regular interval, such as those that sync on request.
UNKNOWN_SPACING = 15.0
LONGEST_WINDOW = 7 * DAY
# A shorter gap is not worth a request of its own.
SHORTEST_WINDOW = 300.0


def spacing_of(connector: Connector) -> float:
    """Return the minutes between two syncs of a connector, cautiously if it is irregular."""
    current = timing(connector)
    return float(current.spacing or UNKNOWN_SPACING)


def classes_of(gap: float) -> tuple[int, ...]:
    """Return the classes of which the time between two lists, in seconds, hides no sync."""
    return tuple(minutes for minutes in CLASSES if gap <= minutes * MINUTE / 2)


def class_of(spacing: float) -> int | None:
    """Return the class of connectors that sync every so many minutes, None below a minute."""
    return max((minutes for minutes in CLASSES if minutes <= spacing), default=None)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return periods sorted and without overlaps."""
    result: list[Span] = []
    for since, until in sorted(spans):
        if result and since <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], until))
        elif until > since:
            result.append((since, until))
    return result


def clipped(spans: Iterable[Span], since: float, until: float) -> list[Span]:
    """Return the parts of periods that lie in one."""
    cut = [(max(start, since), min(end, until)) for start, end in spans]
    return [(start, end) for start, end in cut if start < end]


def missing(spans: Iterable[Span], since: float, until: float) -> list[Span]:
    """Return the parts of a period that others leave out."""
    result, at = [], since
    for start, end in merged(clipped(spans, since, until)):
        if start > at:
            result.append((at, start))
        at = end
    return [*result, (at, until)] if at < until else result


def next_window(covered: Sequence[Span], *, oldest: float, now: float) -> Span | None:
    """Return the newest part of a history that was not read, of at most seven days."""
    gaps = [gap for gap in missing(covered, oldest, now) if gap[1] - gap[0] >= SHORTEST_WINDOW]
    if not gaps:
        return None
    since, until = gaps[-1]
    return max(since, until - LONGEST_WINDOW), until
