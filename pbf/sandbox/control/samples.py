"""Worlds of any size: groups with connections in given states."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count, islice

from pbf.sandbox.control.seed import HOUR, MINUTE, sample_connections
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.records import Connection, Group
from pbf.sandbox.core.world import World

MOST_GROUPS = 100
MOST_CONNECTIONS = 10_000
LATE = 4 * HOUR


def paused(connection: Connection, now: float) -> None:
    """Pause a connection."""
    connection.life = lifecycle.stopped(connection, now)
    connection.paused = True


def incomplete(connection: Connection, now: float) -> None:
    """Make a connection one that nobody has authorised yet."""
    stopped = lifecycle.stopped(connection, now)
    life = replace(stopped, historical=True, succeeded_at=None, failed_at=None)
    connection.life = replace(life, rhythm=0.0, past=())
    connection.setup_state = "incomplete"
    connection.authorised = False


def first_sync(connection: Connection, now: float) -> None:
    """Put a connection into its first sync."""
    life = replace(connection.life, anchor=now - MINUTE, first=15 * MINUTE)
    connection.life = replace(life, historical=True, succeeded_at=None, rhythm=0.0)
    connection.created_at = now - 5 * MINUTE


def syncing(connection: Connection, now: float) -> None:
    """Put a connection into a sync that takes a while."""
    connection.life = replace(connection.life, anchor=now - MINUTE, first=15 * MINUTE)


def failing(connection: Connection, _now: float) -> None:
    """Make every sync of a connection fail."""
    connection.life = replace(connection.life, fails=True)
    connection.tasks = [dict(lifecycle.FAILURE)]


def failing_without_task(connection: Connection, _now: float) -> None:
    """Make every sync of a connection fail without a task for the user."""
    connection.life = replace(connection.life, fails=True)


def delayed(connection: Connection, now: float, *, seconds: float = LATE) -> None:
    """Delay a connection: its next sync is so many seconds away."""
    life = lifecycle.stopped(connection, now)
    connection.life = replace(life, anchor=now + seconds, waiting="delayed")


def rescheduled(connection: Connection, now: float, *, seconds: float = HOUR) -> None:
    """Reschedule a connection's next sync to a time that its status shows."""
    life = lifecycle.stopped(connection, now)
    connection.life = replace(life, anchor=now + seconds, waiting="rescheduled")


STATES: Mapping[str, Callable[[Connection, float], None]] = {
    "healthy": lambda _connection, _now: None,
    "syncing": syncing,
    "first_sync": first_sync,
    "paused": paused,
    "broken": lifecycle.lose_credentials,
    "broken_until_sync": lifecycle.break_until_sync,
    "incomplete": incomplete,
    "failing": failing,
    "failing_without_task": failing_without_task,
    "delayed": delayed,
    "rescheduled": rescheduled,
}


def seed(
    world: World, *, groups: int = 0, connectors: int = 0, states: Mapping[str, int] | None = None
) -> list[Group]:
    """Add groups, and connections spread over them; return the groups.

    Without new groups, the connections go to the world's first group. `states` is the number of
    connections in each state; the rest are healthy.
    """
    counts = dict(states or {})
    _check(groups, connectors, counts)
    with world.lock:
        added = [world.add_group(name) for name in _names(world, groups)]
        owners = added or [world.group(world.group_id)]
        names = [name for name, count in counts.items() for _ in range(count)]
        names += ["healthy"] * (connectors - len(names))
        for number, owner in enumerate(owners):
            _fill(world, owner, names[number :: len(owners)])
        return added


def _check(groups: int, connectors: int, counts: Mapping[str, int]) -> None:
    unknown = sorted(counts.keys() - STATES.keys())
    if unknown:
        raise InvalidInput(f"Unknown state '{unknown[0]}': use {', '.join(STATES)}")
    if sum(counts.values()) > connectors:
        raise InvalidInput("There are more states than connectors")
    if groups > MOST_GROUPS or connectors > MOST_CONNECTIONS:
        raise InvalidInput(
            f"At most {MOST_GROUPS} groups and {MOST_CONNECTIONS} connectors at a time"
        )


def _names(world: World, number: int) -> list[str]:
    """Return so many names that no group has."""
    taken = {group.name for group in world.groups.values()}
    names = (f"Sandbox_Customer_{index:03}" for index in count(1))
    return list(islice((name for name in names if name not in taken), number))


def _fill(world: World, group: Group, states: list[str]) -> None:
    now = world.clock()
    connections = sample_connections(world, group.id, len(states))
    for connection, state in zip(connections, states, strict=True):
        STATES[state](connection, now)
        world.add(connection)
