"""The history of a connection: every sync it had, computed from its life and the clock.

Nothing is stored of a sync. A run of syncs that is over is one chapter in `Life.past`, the one
that goes on is the life itself, and what a new world's connections had before it began is told
by their last success and failure.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.records import Chapter, Connection, Life

if TYPE_CHECKING:
    from pbf.sandbox.core.world import World

MOMENT = 1e-4
QUEUED = "QUEUED"
REASONS = {
    "SUCCESSFUL": "",
    "RESCHEDULED": "The sync was stopped before it was over.",
    "FAILURE_WITH_TASK": lifecycle.RECONNECT["details"],
}


class Sync(NamedTuple):
    """One sync; until it ends, it has no end and no status.

    It ends once: SUCCESSFUL, FAILED, FAILURE_WITH_TASK where the user must act, or RESCHEDULED.
    """

    start: float
    end: float | None
    status: str
    reason: str
    historical: bool


def history(connection: Connection, *, since: float, until: float, now: float) -> list[Sync]:
    """Return the syncs of a connection, oldest first, that went on in a stretch of time.

    `now` is the clock's time: what starts after it has not happened.
    """
    found: list[Sync] = []
    latest = min(until, now)
    for chapter in chapters(connection, now):
        if chapter.until >= since and (chapter.life.anchor or 0.0) <= latest:
            found += _within(chapter, since, latest, now)
    return found


def queued(connection: Connection, now: float) -> list[Sync]:
    """Return the sync that waits to be started, where there is one; it starts when it is due."""
    due = connection.life.anchor
    if due is None or lifecycle.moment(connection, now).sync_state != "rescheduled":
        return []
    return [Sync(due, None, QUEUED, "", connection.life.historical)]


def chapters(connection: Connection, now: float) -> Iterator[Chapter]:
    """Return the runs of syncs of a connection, oldest first, the one that goes on included."""
    life = connection.life
    oldest = life.past[0].life if life.past else life
    yield from _before(connection, oldest)
    yield from life.past
    if not lifecycle.idle(connection, now):
        yield Chapter(replace(life, past=()), connection.period, float("inf"), "")


def _before(connection: Connection, oldest: Life) -> list[Chapter]:
    """Return the runs that a life's last success and failure tell of."""
    lasted = oldest.later
    made: list[Chapter] = []
    ends = [(oldest.succeeded_at, False), (oldest.failed_at, True)]
    for ended, fails in sorted((end, fails) for end, fails in ends if end is not None):
        earliest = min(made[-1].until if made else connection.created_at, ended)
        repeats = 0
        if not fails and oldest.rhythm:
            repeats = max(0, int((ended - lasted - earliest) // oldest.rhythm))
        anchor = max(earliest, ended - lasted - repeats * oldest.rhythm)
        first = ended - anchor if not repeats else lasted
        past = Life(anchor=anchor, first=first, later=lasted, historical=False, fails=fails)
        made.append(Chapter(past, oldest.rhythm or float("inf"), ended, "SUCCESSFUL"))
    return made


def _within(chapter: Chapter, since: float, latest: float, now: float) -> Iterator[Sync]:
    life = chapter.life
    anchor = life.anchor or 0.0
    number = 0
    if since > anchor:
        number = lifecycle.run_at(life, chapter.period, since - anchor).number
    while True:
        begins, ends = lifecycle.end_of(life, chapter.period, number)
        start, end = anchor + begins, anchor + ends
        late = start - chapter.until
        if start > latest + MOMENT or late > MOMENT:
            return
        if number and late > -MOMENT and chapter.outcome == "RESCHEDULED":
            return
        if end >= since:
            yield _sync(chapter, number, min(start, chapter.until, now), end, now)
        if chapter.period == float("inf"):
            return
        number += 1


def _sync(chapter: Chapter, number: int, start: float, end: float, now: float) -> Sync:
    life = chapter.life
    historical = life.historical and (life.fails or number <= life.failures)
    if end > chapter.until:
        return Sync(start, chapter.until, chapter.outcome, REASONS[chapter.outcome], historical)
    if end > now:
        return Sync(start, None, "", "", historical)
    if life.fails or number < life.failures:
        return Sync(start, end, "FAILED", lifecycle.FAILURE["details"], historical)
    return Sync(start, end, "SUCCESSFUL", "", historical)


def fail(world: "World", connection_id: str, *, times: int) -> Connection:
    """Make the next syncs of a connection fail, so many of them; it then recovers by itself.

    A sync that goes on is the first of them.
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
