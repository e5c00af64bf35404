"""How connections live: what state one is in at a time, as a function of its life and the clock."""

from dataclasses import replace
from math import ceil
from typing import NamedTuple

from pbf.sandbox.core.records import Chapter, Connection, Life

FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)
DAY = 86400.0
MOST_CHAPTERS = 500

RECONNECT = {
    "code": "reconnect",
    "message": "Reconnect",
    "details": "The source no longer accepts the stored credentials. Reconnect to resume syncing.",
}
FAILURE = {
    "code": "unknown_sync_failure",
    "message": "Sync failed",
    "details": "The source closed the connection in the middle of the sync.",
}


class Moment(NamedTuple):
    """The state of a connection at one time."""

    sync_state: str
    update_state: str
    is_historical: bool
    succeeded_at: float | None
    failed_at: float | None
    rescheduled_for: float | None
    failing: bool = False


class Run(NamedTuple):
    """The sync going on or last begun, in seconds after the anchor; the first has number 0."""

    running: bool
    start: float
    length: float
    last_end: float | None
    number: int = 0


def skipped(life: Life, period: float, phase: float) -> int:
    """Return how many slots of the schedule pass before the first sync is over."""
    return max(0, ceil((life.first - phase) / period)) if period < float("inf") else 0


def run_at(life: Life, period: float, elapsed: float) -> Run:
    """Return the sync that goes on, or went on last, so many seconds after the anchor.

    Syncs start one phase after the anchor and then every period, but not before the first one
    is over.
    """
    if elapsed < life.first:
        return Run(True, 0.0, life.first, None)
    phase = period if life.phase is None else life.phase
    if elapsed < phase or period == float("inf"):
        return Run(False, 0.0, life.first, life.first)
    slot = int((elapsed - phase) // period)
    number = slot - skipped(life, period, phase) + 1
    if number < 1:
        return Run(False, 0.0, life.first, life.first)
    later = min(life.later, 0.75 * period)
    start = phase + slot * period
    if elapsed - start >= later:
        return Run(False, start, later, start + later, number)
    before = life.first if number == 1 else start - period + later
    return Run(True, start, later, before, number)


def end_of(life: Life, period: float, number: int) -> tuple[float, float]:
    """Return when a sync of a life starts and ends, in seconds after the anchor."""
    if number == 0:
        return 0.0, life.first
    phase = period if life.phase is None else life.phase
    start = phase + (skipped(life, period, phase) + number - 1) * period
    return start, start + min(life.later, 0.75 * period)


def moment(connection: Connection, now: float) -> Moment:
    """Return a connection's state at a time."""
    life, period = connection.life, connection.period
    resting = "paused" if connection.paused else "scheduled"
    if life.anchor is None:
        return Moment(
            resting, "on_schedule", life.historical, life.succeeded_at, life.failed_at, None
        )
    if now < life.anchor or (life.waiting == "rescheduled" and period == float("inf")):
        return _waiting(life)
    run = run_at(life, period, now - life.anchor)
    succeeded, failed = life.succeeded_at, life.failed_at
    fresh = failing = False
    if run.last_end is not None:
        ended = life.anchor + run.last_end
        failing = life.fails or run.number - run.running < life.failures
        fresh = not failing
        if failing:
            failed = ended
        else:
            succeeded = ended
            if life.failures:
                failed = life.anchor + end_of(life, period, life.failures - 1)[1]
    late = life.waiting == "delayed" and not fresh
    return Moment(
        "syncing" if run.running else resting,
        "delayed" if late else "on_schedule",
        life.historical and not fresh,
        succeeded,
        failed,
        None,
        failing and not life.fails,
    )


def _waiting(life: Life) -> Moment:
    rescheduled = life.waiting == "rescheduled"
    return Moment(
        "rescheduled" if rescheduled else "scheduled",
        "delayed" if life.waiting == "delayed" else "on_schedule",
        life.historical,
        life.succeeded_at,
        life.failed_at,
        life.anchor if rescheduled else None,
    )


def idle(connection: Connection, now: float) -> bool:
    """Tell whether a connection has not begun the run of syncs that its life describes.

    Without a schedule a rescheduled sync never begins by itself.
    """
    life = connection.life
    if life.anchor is None or now < life.anchor:
        return True
    return life.waiting == "rescheduled" and connection.period == float("inf")


def _closed(connection: Connection, now: float, outcome: str) -> tuple[Chapter, ...]:
    life = connection.life
    if idle(connection, now):
        return life.past
    chapter = Chapter(replace(life, past=()), connection.period, now, outcome)
    return (*life.past[1 - MOST_CHAPTERS :], chapter)


def stopped(connection: Connection, now: float, *, outcome: str = "RESCHEDULED") -> Life:
    """Return the life of a connection whose syncs end now.

    A sync that goes on ends with the outcome: SUCCESSFUL, FAILURE_WITH_TASK, or RESCHEDULED,
    which is no result.
    """
    life, present = connection.life, moment(connection, now)
    running = present.sync_state == "syncing"
    won, lost = running and outcome == "SUCCESSFUL", running and outcome == "FAILURE_WITH_TASK"
    left = life.failures
    if left and life.anchor is not None and not idle(connection, now):
        run = run_at(life, connection.period, now - life.anchor)
        left = max(0, left - run.number - (not run.running))
    return replace(
        life,
        anchor=None,
        waiting="",
        phase=None,
        failures=left,
        historical=present.is_historical and not won,
        succeeded_at=now if won else present.succeeded_at,
        failed_at=now if lost else present.failed_at,
        past=_closed(connection, now, outcome),
    )


def started(
    connection: Connection,
    now: float,
    *,
    historical: bool | None = None,
    first: float | None = None,
    outcome: str = "RESCHEDULED",
) -> Life:
    """Return the life of a connection that begins a sync now."""
    life = stopped(connection, now, outcome=outcome)
    again = life.historical if historical is None else historical
    return replace(
        life,
        anchor=now,
        historical=again,
        first=first or life.later,
        phase=phase_of(connection, now, now),
    )


def failing(connection: Connection) -> bool:
    """Tell whether a connection's syncs fail, all of them or the next few."""
    return connection.life.fails or connection.life.failures > 0


def broken(connection: Connection, now: float) -> Life:
    """Return the life of a connection whose credentials fail now.

    The sync that goes on fails; where none does, one begins and fails at once.
    """
    running = moment(connection, now).sync_state == "syncing"
    life = stopped(connection, now, outcome="FAILURE_WITH_TASK")
    past = life.past
    if not running:
        attempt = replace(life, anchor=now, first=1.0, past=())
        chapter = Chapter(attempt, float("inf"), now, "FAILURE_WITH_TASK")
        past = (*past[1 - MOST_CHAPTERS :], chapter)
    return replace(life, failed_at=now, fails=False, failures=0, past=past)


def phase_of(connection: Connection, anchor: float, now: float) -> float | None:
    """Return how long after the anchor the next scheduled sync starts, None for one period.

    It is never before now, and at the daily time where a daily connection has one.
    """
    hour = connection.settings.get("daily_sync_time")
    if connection.period == DAY and hour:
        since = max(anchor, now)
        ahead = (int(hour[:2]) * 3600.0 - since) % DAY or DAY
        return since + ahead - anchor
    return now - anchor if now - anchor > connection.period else None


def rephased(connection: Connection, life: Life, now: float) -> Life:
    """Return a retimed life in step with the connection's new schedule."""
    if life.anchor is None:
        return life
    return replace(life, phase=phase_of(connection, life.anchor, now))


def retimed(connection: Connection, now: float) -> Life:
    """Return a life that goes on from its last sync, for a schedule that is about to change."""
    life = connection.life
    if life.anchor is None or now < life.anchor:
        return life
    if idle(connection, now):
        return replace(life, anchor=now, waiting="")
    late = "delayed" if moment(connection, now).update_state == "delayed" else ""
    run = run_at(life, connection.period, now - life.anchor)
    if not run.number:
        return replace(life, waiting=late)
    start = life.anchor + run.start
    return replace(stopped(connection, start), anchor=start, first=run.length, waiting=late)
