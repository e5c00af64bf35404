"""The sync history of a connection, computed from its life and the clock.

No sync is stored. Each ended series of syncs is one entry of `Life.past`, the present series is
the life itself, and the syncs before a new world started follow from the connection's last
success and failure.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.records import Connection, Life, SyncSeries
from pbf.sandbox.core.world import World

MOMENT = 1e-4
QUEUED = "QUEUED"
REASONS = {
    "SUCCESSFUL": "",
    "RESCHEDULED": "The sync was stopped before it was over.",
    "FAILURE_WITH_TASK": lifecycle.RECONNECT["details"],
}


class Sync(NamedTuple):
    """One sync; a running one has no end and no status.

    It ends as SUCCESSFUL, FAILED, FAILURE_WITH_TASK if the user must act, or RESCHEDULED.
    """

    start: float
    end: float | None
    status: str
    reason: str
    historical: bool


def history(connection: Connection, *, since: float, until: float, now: float) -> list[Sync]:
    """Return the syncs of a connection that ran in a period of time, oldest first.

    `now` is the clock's time; syncs that start after it are left out.
    """
    syncs: list[Sync] = []
    latest = min(until, now)
    for series in all_series(connection, now):
        if series.until >= since and (series.life.anchor or 0.0) <= latest:
            syncs += _within(series, since, latest, now)
    return syncs


def queued(connection: Connection, now: float) -> list[Sync]:
    """Return the queued sync, if there is one; it starts when it is due."""
    due = connection.life.anchor
    if due is None or lifecycle.state_at(connection, now).sync_state != "rescheduled":
        return []
    return [Sync(due, None, QUEUED, "", connection.life.historical)]


def volumes(connection: Connection, sync: Sync) -> dict[str, int | None]:
    """Return the bytes that each stage of a sync moved, null for a stage that has not ended.

    A sync that failed has read, but written nothing.
    """
    names = ("extract_volume", "process_volume", "load_volume")
    if sync.end is None:
        return dict.fromkeys(names)
    digest = sha256(f"volume:{connection.id}:{sync.start:.3f}".encode()).digest()
    read = (20_000 + int.from_bytes(digest[:3])) * (50 if sync.historical else 1)
    written = read * (60 + digest[3] % 35) // 100 if sync.status == "SUCCESSFUL" else 0
    return dict(zip(names, (read, written, written), strict=True))


def all_series(connection: Connection, now: float) -> Iterator[SyncSeries]:
    """Yield every series of syncs of a connection, oldest first, including the present one."""
    life = connection.life
    oldest = life.past[0].life if life.past else life
    yield from _before(connection, oldest)
    yield from life.past
    if not lifecycle.idle(connection, now):
        yield SyncSeries(replace(life, past=()), connection.period, float("inf"), "")


def _before(connection: Connection, oldest: Life) -> list[SyncSeries]:
    """Return the series that follow from a life's last success and failure."""
    duration = oldest.later
    earlier: list[SyncSeries] = []
    ends = [(oldest.succeeded_at, False), (oldest.failed_at, True)]
    for ended, fails in sorted((end, fails) for end, fails in ends if end is not None):
        earliest = min(earlier[-1].until if earlier else connection.created_at, ended)
        repeats = 0
        if not fails and oldest.rhythm:
            repeats = max(0, int((ended - duration - earliest) // oldest.rhythm))
        anchor = max(earliest, ended - duration - repeats * oldest.rhythm)
        first = ended - anchor if not repeats else duration
        past = Life(anchor=anchor, first=first, later=duration, historical=False, fails=fails)
        earlier.append(SyncSeries(past, oldest.rhythm or float("inf"), ended, "SUCCESSFUL"))
    return earlier


def _within(series: SyncSeries, since: float, latest: float, now: float) -> Iterator[Sync]:
    life = series.life
    anchor = life.anchor or 0.0
    number = 0
    if since > anchor:
        number = lifecycle.run_at(life, series.period, since - anchor).number
    while True:
        begins, ends = lifecycle.end_of(life, series.period, number)
        start, end = anchor + begins, anchor + ends
        late = start - series.until
        if start > latest + MOMENT or late > MOMENT:
            return
        if number and late > -MOMENT and series.outcome == "RESCHEDULED":
            return
        if end >= since:
            yield _sync(series, number, min(start, series.until, now), end, now)
        if series.period == float("inf"):
            return
        number += 1


def _sync(series: SyncSeries, number: int, start: float, end: float, now: float) -> Sync:
    life = series.life
    historical = life.historical and (life.fails or number <= life.failures)
    if end > series.until:
        return Sync(start, series.until, series.outcome, REASONS[series.outcome], historical)
    if end > now:
        return Sync(start, None, "", "", historical)
    if life.fails or number < life.failures:
        return Sync(start, end, "FAILED", lifecycle.FAILURE["details"], historical)
    return Sync(start, end, "SUCCESSFUL", "", historical)


def fail(world: World, connection_id: str, *, times: int) -> Connection:
    """Make the next syncs of a connection fail, so many of them, before it recovers by itself.

    A running sync is the first of them.
    """
    with world.lock:
        connection = world.connection(connection_id)
        now = world.clock()
        life = lifecycle.rephased(connection, lifecycle.retimed(connection, now), now)
        if life.anchor is not None and now >= life.anchor + life.first:
            following = life.anchor + (life.phase or connection.period)
            life = replace(lifecycle.stopped(connection, now), first=life.later)
            if following < float("inf"):
                life = replace(life, anchor=following)
                life = lifecycle.rephased(connection, life, following)
        connection.life = replace(life, failures=times)
        return connection
