"""Planned pauses: which plans are possible, and what to say about them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pbf.errors import InputError
from pbf.rules.wording import ahead, exact

Action = Literal["pause", "resume"]
State = Literal["planned", "retrying", "done", "not done", "cancelled"]

LONGEST_REASON = 200
LONGEST_AHEAD = timedelta(days=366)
# Of one connector.
MOST_PLANNED = 10
# In seconds: a change that Fivetran refuses is tried again for so long.
GIVE_UP_AFTER = 24 * 3600.0
SHORTEST_WAIT = 60.0
LONGEST_WAIT = 900.0

DONE = "done"
ALREADY = "it was so already"
SUPERSEDED = "a later change was due too"
GONE = "the connector was deleted"
# What leaves a connector as it was planned.
REACHED = frozenset({DONE, ALREADY})


@dataclass(frozen=True)
class PlannedChange:
    """A pause or a resumption at a time, with its reason; all times are in UTC.

    `outcome` says how it went, or why Fivetran refused it last.
    """

    id: str
    connector_id: str
    action: Action
    due_at: datetime
    reason: str
    planned_by: str
    created_at: datetime
    state: State
    done_at: datetime | None
    cancelled_at: datetime | None
    outcome: str

    @property
    def is_pending(self) -> bool:
        """Whether it will still be carried out, and can be cancelled."""
        return self.state in ("planned", "retrying")


def moment(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the time in UTC that a clock in a time zone shows; the first if it shows it twice.

    Raises InputError for a time that the clock skips.
    """
    time = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if time.astimezone(zone).replace(tzinfo=None) != local:
        raise InputError("The clocks skip this time on that day. Choose a time an hour later.")
    return time


def check(action: Action, due_at: datetime, reason: str, now: datetime) -> None:
    """Raise InputError for a reason or a time with which nothing can be planned."""
    if not reason:
        raise InputError("Write a reason. Everybody who sees the connector reads it.")
    if len(reason) > LONGEST_REASON:
        raise InputError(f"A reason has at most {LONGEST_REASON} characters. Shorten it.")
    verb = "pause" if action == "pause" else "resumption"
    if due_at < now - timedelta(minutes=1):
        raise InputError(f"The time of the {verb} is over: {exact(due_at)}. Choose a later one.")
    if due_at > now + LONGEST_AHEAD:
        raise InputError(f"The {verb} is more than a year ahead. Choose an earlier time.")


def wait(late: float) -> float:
    """Return how many seconds to wait after a refusal of a change that is so many seconds late.

    Each wait is about as long as all before it together.
    """
    return min(LONGEST_WAIT, max(SHORTEST_WAIT, late))


def notice(changes: list[PlannedChange], *, is_paused: bool, now: datetime) -> str:
    """Return in a line what is planned for a connector and why it is paused; "" if nothing is."""
    parts = []
    if current := current_pause(changes, is_paused=is_paused):
        parts.append(f"Paused by {current.planned_by}: {current.reason}.")
    for change in sorted(changes, key=lambda change: change.due_at):
        if change.is_pending:
            verb = "To be paused" if change.action == "pause" else "To be resumed"
            when = ahead(change.due_at, now)
            is_same = current is not None and change.reason == current.reason
            parts.append(f"{verb} {when}." if is_same else f"{verb} {when}: {change.reason}.")
    return " ".join(part.replace("..", ".") for part in parts)


def current_pause(changes: list[PlannedChange], *, is_paused: bool) -> PlannedChange | None:
    """Return the planned pause that a connector is in, if any."""
    done = [change for change in changes if change.done_at and change.outcome in REACHED]
    last = max(done, key=lambda change: change.done_at or change.due_at, default=None)
    return last if is_paused and last and last.action == "pause" else None
