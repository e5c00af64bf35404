"""Control of a world outside the imitated API: for tests in the same process, and `/_control`.

A call that is refused raises a SandboxError.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any

from pbf.sandbox.control import samples
from pbf.sandbox.control.faults import Fault, FaultRule, Faults, parse_rule
from pbf.sandbox.control.request_log import RequestLog
from pbf.sandbox.control.seed import HOUR
from pbf.sandbox.control.snapshots import snapshot
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput
from pbf.sandbox.core.records import Connection, Group
from pbf.sandbox.core.world import World

REPORTED = frozenset({"setup_state", "sync_state", "update_state"})


class Control:
    """Operations that change a world from outside the imitated API."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Control a world; `ended` is set when its server stops, which ends every fault's wait."""
        self._world = world
        self._faults = faults
        self.log = RequestLog()
        self.ended = Event()

    def reset(
        self,
        *,
        seed: int | None = None,
        now: float | None = None,
        speed: float | None = None,
        limits: str | None = None,
        populated: bool = True,
    ) -> None:
        """Restart the world, with another time, speed, seed or plan if given."""
        with self._world.lock:
            if limits is not None:
                self.set_limits(limits)
            if speed is not None:
                self.set_speed(speed)
            if now is not None:
                with _refusing():
                    self._world.clock.restart(now)
            self._world.reset(seed=seed, populated=populated)
            self.log.clear()

    def seed(
        self, *, groups: int = 0, connectors: int = 0, states: Mapping[str, int] | None = None
    ) -> list[Group]:
        """Add groups, and connections in these states, spread over the groups."""
        return samples.seed(self._world, groups=groups, connectors=connectors, states=states)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds."""
        with _refusing():
            self._world.clock.advance(seconds)

    def set_clock(self, seconds: float) -> None:
        """Move the clock forward to a time in seconds since 1970."""
        with _refusing():
            self._world.clock.set(seconds)

    def set_speed(self, speed: float) -> None:
        """Set how many seconds pass in one second; 0 stops the clock."""
        with _refusing():
            self._world.clock.speed = speed

    def set_limits(self, plan: str) -> None:
        """Apply the rate limits of a plan (trial, paid or off), with all windows empty."""
        with _refusing(), self._world.lock:
            self._world.limits.plan = plan

    def add_fault(self, kind: str, **fields: Any) -> Fault:
        """Inject a fault; the fields are those of `faults.FaultRule`."""
        return self._faults.add(parse_rule({"kind": kind, **fields}))

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that may still be applied."""
        return self._faults.active()

    def clear_faults(self, fault_id: str | None = None) -> None:
        """Remove one fault, or all."""
        self._faults.clear(fault_id)

    def fault_for(self, method: str, path: str) -> FaultRule | None:
        """Return the rule of the fault that applies to a request, if any, and count it."""
        return self._faults.rule_for(method, path)

    def break_connection(self, connection_id: str) -> Connection:
        """Break a connection: its credentials must be entered again."""
        return self._world.break_connection(connection_id)

    def mend(self, connection_id: str) -> Connection:
        """Repair a broken or delayed connection as its Connect Card would."""
        with self._world.lock:
            connection = self._world.pass_setup(connection_id)
            now = self._world.clock()
            if now < (connection.life.anchor or 0) and not connection.paused:
                connection.life = lifecycle.started(connection, now)
            return connection

    def delay(self, connection_id: str, seconds: float = samples.LATE) -> Connection:
        """Delay a connection: its next sync is so many seconds away."""
        return self._postpone(connection_id, seconds, samples.delayed)

    def reschedule(self, connection_id: str, seconds: float = HOUR) -> Connection:
        """Reschedule a connection's next sync to a time that its status shows."""
        return self._postpone(connection_id, seconds, samples.rescheduled)

    def _postpone(self, connection_id: str, seconds: float, apply: Any) -> Connection:
        with self._world.lock:
            connection = self._world.connection(connection_id)
            if connection.setup_state != "connected" or connection.paused:
                raise Conflict(f"Connection with id '{connection_id}' does not sync")
            apply(connection, self._world.clock(), seconds=seconds)
            return connection

    def report(self, connection_id: str, **states: Any) -> Connection:
        """Report other states of a connection than its own until it syncs or is set up again.

        `setup_state`, `sync_state` and `update_state` take any word, including ones that Fivetran
        may add later.
        """
        unknown = sorted(states.keys() - REPORTED)
        if unknown or not all(isinstance(word, str) for word in states.values()):
            raise InvalidInput(f"Only {', '.join(sorted(REPORTED))} can be reported, each a word")
        with self._world.lock:
            connection = self._world.connection(connection_id)
            connection.reported = dict(states)
            return connection

    def snapshot(self) -> bytes:
        """Return the whole state of the world as JSON."""
        with self._world.lock:
            return snapshot(self._world)

    def state(self) -> dict[str, Any]:
        """Return the world in a few numbers."""
        world = self._world
        with world.lock:
            now = world.clock()
            setup = Counter(connection.setup_state for connection in world.connections.values())
            return {
                "now": stamp(now),
                "speed": world.clock.speed,
                "seed": world.seed,
                "limits": world.limits.plan,
                "requests_left": world.limits.left(now),
                "groups": len(world.groups),
                "connectors": len(world.connections),
                "setup_states": dict(sorted(setup.items())),
                "faults": len(self.faults()),
                "requests": self.log.total,
            }


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise InvalidInput with the message of a ValueError."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        raise InvalidInput(text[:1].upper() + text[1:]) from error
