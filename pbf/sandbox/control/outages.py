"""Outages in the past of a new world's connections, so that their histories are worth a look."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pbf.sandbox.core.records import Connection, Life, SyncSeries
from pbf.sandbox.resources import sync_history

DAY = 86400.0
FOREVER = float("inf")


class Outage(NamedTuple):
    """What happened to a connection so many days before the start of the world.

    `kind` is "failing": every sync failed until one recovered by itself; "broken": one sync ended
    with a task, and none ran until somebody reconnected; "late": one sync took as long as the
    outage; "paused": none ran.
    """

    kind: str
    days_ago: float
    days: float


def with_outages(connection: Connection, outages: Sequence[Outage], start: float) -> Life:
    """Return the life of a connection whose earlier syncs are cut by outages.

    Times before the present series follow from `outages`, in their order, oldest first.
    """
    life = connection.life
    past: list[SyncSeries] = []
    for series in sync_history.all_series(connection, start):
        if series.until <= start:
            past += _cut(series, outages, start)
    # The times of the last success and failure stay; what led to them is in the series now.
    first, *rest = past
    oldest = replace(first.life, succeeded_at=None, failed_at=None, rhythm=0.0)
    return replace(life, past=(first._replace(life=oldest), *rest))


def _cut(series: SyncSeries, outages: Sequence[Outage], start: float) -> Iterator[SyncSeries]:
    """Yield a series that has ended in pieces, with the outages between them."""
    anchor, period = series.life.anchor or 0.0, series.period
    for outage in outages:
        since = start - outage.days_ago * DAY
        if not anchor + period < since < series.until - period - outage.days * DAY:
            continue
        # Both times are those of a sync that is due.
        begins = anchor + ((since - anchor) // period + 1) * period
        ends = begins + max(1, outage.days * DAY // period) * period
        yield _piece(series, anchor, begins)
        yield from _outage(outage.kind, series, begins, ends)
        anchor = ends
    yield _piece(series, anchor, series.until)


def _piece(series: SyncSeries, anchor: float, until: float) -> SyncSeries:
    """Return the part of a series from a sync's start until just before the next one would."""
    is_last = until == series.until
    life = replace(series.life, anchor=anchor)
    if anchor != series.life.anchor:
        life = replace(life, first=life.later)
    return series._replace(life=life, until=until if is_last else until - series.period / 2)


def _outage(kind: str, series: SyncSeries, begins: float, ends: float) -> Iterator[SyncSeries]:
    life = replace(series.life, anchor=begins, first=series.life.later)
    if kind == "failing":
        failing = replace(life, fails=True)
        yield SyncSeries(failing, series.period, ends - series.period / 2, "SUCCESSFUL")
    elif kind == "broken":
        until = begins + life.later / 2
        yield SyncSeries(life, FOREVER, until, "FAILURE_WITH_TASK")
    elif kind == "late":
        late = replace(life, first=0.8 * (ends - begins))
        yield SyncSeries(late, FOREVER, ends - 1.0, "SUCCESSFUL")
