"""Control of a world outside the imitated API: for tests in the same process, and `/_control`.

A call that is refused raises a SandboxError.
"""

from collections import Counter
from collections.abc import Mapping
from threading import Event
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from pbf.sandbox.control import samples
from pbf.sandbox.control.fault_rules import Fault, FaultRule, Faults
from pbf.sandbox.control.request_log import RequestLog
from pbf.sandbox.control.seed import HOUR
from pbf.sandbox.control.snapshots import Name, Part, Snapshots
from pbf.sandbox.control.validation import Number, Time, Whole, validated
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput
from pbf.sandbox.core.records import Connection, Group
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.access.plans import PLANS
from pbf.sandbox.resources.users import refuse_unknown_role


class Player(Part, Protocol):
    """The events of a scenario."""

    def play_due(self) -> None:
        """Let happen what the clock has reached."""


class Control:
    """Operations that change a world from outside the imitated API."""

    def __init__(self, world: World, faults: Faults) -> None:
        """Control a world; `ended` is set when its server stops, which ends every fault's wait."""
        self._world = world
        self._faults = faults
        self.log = RequestLog()
        self.ended = Event()
        self.snapshots = Snapshots(world)
        # Of the scenario that was loaded, if any.
        self.player: Player | None = None

    def play_due(self) -> None:
        """Let happen what a scenario has for this time; called before each request."""
        if self.player:
            self.player.play_due()

    @validated
    def save(self, name: Name) -> None:
        """Take a snapshot of the world under a name; it replaces one of the same name."""
        self.snapshots.save(name, self.player)

    @validated
    def restore(self, name: Name) -> None:
        """Return to a snapshot: data, clock, ids, limits, faults, webhooks and scenario."""
        with self._world.lock:
            self.player = self.snapshots.restore(name)
            self.log.clear()

    @validated
    def reset(
        self,
        *,
        seed: Annotated[int, Field(ge=0, le=2**63)] | None = None,
        now: Time | None = None,
        speed: Number | None = None,
        limits: str | None = None,
        populated: bool = True,
    ) -> None:
        """Restart the world, with another time, speed, seed or plan if given."""
        world = self._world
        with world.lock:
            if limits is not None:
                world.limits.plan = limits
            if speed is not None:
                world.clock.speed = speed
            if now is not None:
                world.clock.restart(now)
            world.reset(seed=seed, populated=populated)
            self.log.clear()

    @validated
    def seed(
        self,
        *,
        groups: Whole = 0,
        connectors: Whole = 0,
        states: Mapping[str, Whole] | None = None,
    ) -> list[Group]:
        """Add groups, and connections in these states, spread over the groups."""
        return samples.seed(self._world, groups=groups, connectors=connectors, states=states)

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds."""
        self.change_clock(advance=seconds)

    def set_speed(self, speed: float) -> None:
        """Set how many seconds pass in one second; 0 stops the clock."""
        self.change_clock(speed=speed)

    @validated
    def change_clock(
        self,
        *,
        set: Time | None = None,
        advance: Number | None = None,
        speed: Number | None = None,
    ) -> None:
        """Set the clock to a later time, move it forward, or change its speed."""
        if speed is not None:
            self._world.clock.speed = speed
        if set is not None:
            self._world.clock.set(set)
        if advance is not None:
            self._world.clock.advance(advance)

    @validated
    def set_limits(self, plan: str) -> None:
        """Apply the rate limits of a plan (trial, paid or off), with all windows empty."""
        with self._world.lock:
            self._world.limits.plan = plan

    @validated
    def set_switches(
        self, *, plan: str | None = None, previews: bool | None = None, role: str | None = None
    ) -> None:
        """Change the account's plan, its part in private previews, or the role of the key's user.

        An empty role is none. A reset restores all three.
        """
        world = self._world
        if plan is not None and plan not in PLANS:
            raise InvalidInput(f"Unknown plan '{plan}': use {', '.join(PLANS)}")
        if role:
            refuse_unknown_role(role, "ACCOUNT")
        with world.lock:
            switches = world.switches
            switches.plan = switches.plan if plan is None else plan
            switches.previews = switches.previews if previews is None else previews
            if role is not None:
                world.users[world.owner_id].role = role or None

    @validated
    def add_fault(self, kind: str, **fields: Any) -> Fault:
        """Inject a fault; the fields are those of `faults.FaultRule`."""
        return self._faults.add(FaultRule(kind=kind, **fields))

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults that may still be applied."""
        return self._faults.active()

    def clear_faults(self, fault_id: str | None = None) -> None:
        """Remove one fault, or all."""
        self._faults.clear(fault_id)

    def fault_for(self, method: str, path: str) -> FaultRule | None:
        """Return the rule of the fault that applies to a request, if any, and count it."""
        return self._faults.rule_for(method, path)

    @validated
    def break_connection(
        self, connection_id: str, *, until: Literal["setup", "sync"] = "setup"
    ) -> Connection:
        """Break a connection: until its credentials are entered again, or until a sync succeeds."""
        if until == "setup":
            return self._world.break_connection(connection_id)
        with self._world.lock:
            connection = self._world.connection(connection_id)
            if connection.setup_state != "connected":
                raise Conflict(f"Connection with id '{connection_id}' is not connected")
            lifecycle.break_until_sync(connection, self._world.clock())
            return connection

    @validated
    def mend(self, connection_id: str) -> Connection:
        """Repair a broken or delayed connection as its Connect Card would."""
        with self._world.lock:
            connection = self._world.pass_setup(connection_id)
            now = self._world.clock()
            if now < (connection.life.anchor or 0) and not connection.paused:
                connection.life = lifecycle.started(connection, now)
            return connection

    @validated
    def delay(self, connection_id: str, seconds: Number = samples.LATE) -> Connection:
        """Delay a connection: its next sync is so many seconds away."""
        return self._postpone(connection_id, seconds, samples.delayed)

    @validated
    def reschedule(self, connection_id: str, seconds: Number = HOUR) -> Connection:
        """Reschedule a connection's next sync to a time that its status shows."""
        return self._postpone(connection_id, seconds, samples.rescheduled)

    def _postpone(self, connection_id: str, seconds: float, apply: Any) -> Connection:
        with self._world.lock:
            connection = self._world.connection(connection_id)
            if connection.setup_state != "connected" or connection.paused:
                raise Conflict(f"Connection with id '{connection_id}' does not sync")
            apply(connection, self._world.clock(), seconds=seconds)
            return connection

    @validated
    def report(
        self,
        connection_id: str,
        *,
        setup_state: str | None = None,
        sync_state: str | None = None,
        update_state: str | None = None,
    ) -> Connection:
        """Report other states of a connection than its own until it syncs or is set up again.

        `setup_state`, `sync_state` and `update_state` take any word, including ones that Fivetran
        may add later.
        """
        states = {
            "setup_state": setup_state,
            "sync_state": sync_state,
            "update_state": update_state,
        }
        with self._world.lock:
            connection = self._world.connection(connection_id)
            connection.reported = {name: word for name, word in states.items() if word is not None}
            return connection

    def state(self) -> dict[str, Any]:
        """Return the world in a few numbers."""
        world = self._world
        with world.lock:
            now = world.clock()
            setup = Counter(
                lifecycle.setup_state(connection, lifecycle.state_at(connection, now))
                for connection in world.connections.values()
            )
            return {
                "now": stamp(now),
                "speed": world.clock.speed,
                "seed": world.seed,
                "limits": world.limits.plan,
                "requests_left": world.limits.left(now),
                "plan": world.switches.plan,
                "previews": world.switches.previews,
                "role": world.users[world.owner_id].role or "",
                "groups": len(world.groups),
                "connectors": len(world.connections),
                "setup_states": dict(sorted(setup.items())),
                "faults": len(self.faults()),
                "requests": self.log.total,
            }
