"""The state of a connection as a function of its life and the time."""

from dataclasses import replace
from math import ceil
from typing import NamedTuple

from pbf.sandbox.core.records import Connection, Life, SyncSeries

DAY = 86400.0
MOST_SERIES = 500

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


class ConnectionState(NamedTuple):
    """The state of a connection at one time."""

    sync_state: str
    update_state: str
    is_historical: bool
    succeeded_at: float | None
    failed_at: float | None
    rescheduled_for: float | None
    failing: bool = False
    broken: bool = False


class Run(NamedTuple):
    """The running or latest sync, in seconds after the anchor; the first one has number 0."""

    running: bool
    start: float
    length: float
    last_end: float | None
    number: int = 0


def skipped(life: Life, period: float, phase: float) -> int:
    """Return how many scheduled syncs are skipped because the first one still runs."""
    return max(0, ceil((life.first - phase) / period)) if period < float("inf") else 0


def run_at(life: Life, period: float, elapsed: float) -> Run:
    """Return the sync that runs, or ran last, so many seconds after the anchor.

    Syncs start one phase after the anchor and then every period, but not before the first one
    has ended.
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
    """Return when a sync starts and ends, in seconds after the anchor."""
    if number == 0:
        return 0.0, life.first
    phase = period if life.phase is None else life.phase
    start = phase + (skipped(life, period, phase) + number - 1) * period
    return start, start + min(life.later, 0.75 * period)


def state_at(connection: Connection, now: float) -> ConnectionState:
    """Return a connection's state at a time."""
    life, period = connection.life, connection.period
    resting = "paused" if connection.paused else "scheduled"
    if life.anchor is None:
        return ConnectionState(
            resting,
            "on_schedule",
            life.historical,
            life.succeeded_at,
            life.failed_at,
            None,
            broken=life.broken,
        )
    if now < life.anchor or (life.waiting == "rescheduled" and period == float("inf")):
        return _waiting(life)
    return _syncing(life, life.anchor, run_at(life, period, now - life.anchor), period, resting)


def _syncing(life: Life, anchor: float, run: Run, period: float, resting: str) -> ConnectionState:
    succeeded, failed = life.succeeded_at, life.failed_at
    fresh = failing = False
    if run.last_end is not None:
        ended = anchor + run.last_end
        failing = life.fails or run.number - run.running < life.failures
        fresh = not failing
        if failing:
            failed = ended
        else:
            succeeded = ended
            if life.failures:
                failed = anchor + end_of(life, period, life.failures - 1)[1]
    late = life.waiting == "delayed" and not fresh
    return ConnectionState(
        "syncing" if run.running else resting,
        "delayed" if late else "on_schedule",
        life.historical and not fresh,
        succeeded,
        failed,
        None,
        failing and not life.fails,
        life.broken and not fresh,
    )


def _waiting(life: Life) -> ConnectionState:
    rescheduled = life.waiting == "rescheduled"
    return ConnectionState(
        "rescheduled" if rescheduled else "scheduled",
        "delayed" if life.waiting == "delayed" else "on_schedule",
        life.historical,
        life.succeeded_at,
        life.failed_at,
        life.anchor if rescheduled else None,
        broken=life.broken,
    )


def idle(connection: Connection, now: float) -> bool:
    """Return whether a connection has not yet started the series of syncs of its life.

    Without a schedule, a rescheduled sync never starts by itself.
    """
    life = connection.life
    if life.anchor is None or now < life.anchor:
        return True
    return life.waiting == "rescheduled" and connection.period == float("inf")


def _past(connection: Connection, now: float, outcome: str) -> tuple[SyncSeries, ...]:
    life = connection.life
    if idle(connection, now):
        return life.past
    series = SyncSeries(replace(life, past=()), connection.period, now, outcome)
    return (*life.past[1 - MOST_SERIES :], series)


def stopped(connection: Connection, now: float, *, outcome: str = "RESCHEDULED") -> Life:
    """Return the life of a connection whose syncs end now.

    A running sync ends with the outcome: SUCCESSFUL, FAILURE_WITH_TASK, or RESCHEDULED, which is
    neither success nor failure.
    """
    life, state = connection.life, state_at(connection, now)
    running = state.sync_state == "syncing"
    succeeded = running and outcome == "SUCCESSFUL"
    failed = running and outcome == "FAILURE_WITH_TASK"
    return replace(
        life,
        anchor=None,
        waiting="",
        phase=None,
        failures=_failures_left(connection, now),
        historical=state.is_historical and not succeeded,
        broken=state.broken and not succeeded,
        succeeded_at=now if succeeded else state.succeeded_at,
        failed_at=now if failed else state.failed_at,
        past=_past(connection, now, outcome),
    )


def _failures_left(connection: Connection, now: float) -> int:
    """Return how many of the syncs that are to fail have not run yet."""
    life = connection.life
    if not life.failures or life.anchor is None or idle(connection, now):
        return life.failures
    run = run_at(life, connection.period, now - life.anchor)
    return max(0, life.failures - run.number - (not run.running))


def started(
    connection: Connection,
    now: float,
    *,
    historical: bool | None = None,
    first: float | None = None,
    outcome: str = "RESCHEDULED",
) -> Life:
    """Return the life of a connection that starts a sync now."""
    life = stopped(connection, now, outcome=outcome)
    return replace(
        life,
        anchor=now,
        historical=life.historical if historical is None else historical,
        first=first or life.later,
        phase=phase_of(connection, now, now),
    )


def failing(connection: Connection) -> bool:
    """Return whether a connection's syncs fail, all of them or the next few."""
    return connection.life.fails or connection.life.failures > 0


def _broken(connection: Connection, now: float) -> Life:
    """Return the life of a connection whose credentials fail now.

    The running sync fails; if none runs, one starts and fails at once.
    """
    running = state_at(connection, now).sync_state == "syncing"
    life = stopped(connection, now, outcome="FAILURE_WITH_TASK")
    past = life.past
    if not running:
        attempt = replace(life, anchor=now, first=1.0, past=())
        series = SyncSeries(attempt, float("inf"), now, "FAILURE_WITH_TASK")
        past = (*past[1 - MOST_SERIES :], series)
    return replace(life, failed_at=now, fails=False, failures=0, past=past)


def lose_credentials(connection: Connection, now: float) -> None:
    """Break a connection: its sync fails and its credentials must be entered again."""
    connection.life = _broken(connection, now)
    connection.setup_state = "broken"
    connection.authorised = False
    connection.tasks = [dict(RECONNECT)]


def break_until_sync(connection: Connection, now: float) -> None:
    """Break a connection until its next sync succeeds: its sync fails, and none is scheduled."""
    connection.life = replace(_broken(connection, now), broken=True)


def setup_state(connection: Connection, state: ConnectionState) -> str:
    """Return the setup state of a connection in a state."""
    return "broken" if state.broken else connection.setup_state


def phase_of(connection: Connection, anchor: float, now: float) -> float | None:
    """Return how long after the anchor the next scheduled sync starts, None for one period.

    It is never before now. A daily connection with a daily time starts at that time.
    """
    hour = connection.settings.get("daily_sync_time")
    if connection.period == DAY and hour:
        since = max(anchor, now)
        ahead = (int(hour[:2]) * 3600.0 - since) % DAY or DAY
        return since + ahead - anchor
    return now - anchor if now - anchor > connection.period else None


def rephased(connection: Connection, life: Life, now: float) -> Life:
    """Return a retimed life with the phase of the connection's new schedule."""
    if life.anchor is None:
        return life
    return replace(life, phase=phase_of(connection, life.anchor, now))


def retimed(connection: Connection, now: float) -> Life:
    """Return a life that continues from its last sync, before its schedule changes."""
    life = connection.life
    if life.anchor is None or now < life.anchor:
        return life
    if idle(connection, now):
        return replace(life, anchor=now, waiting="")
    late = "delayed" if state_at(connection, now).update_state == "delayed" else ""
    run = run_at(life, connection.period, now - life.anchor)
    if not run.number:
        return replace(life, waiting=late)
    start = life.anchor + run.start
    return replace(stopped(connection, start), anchor=start, first=run.length, waiting=late)
