"""Plays a scenario: makes its world, and lets its events happen when the clock reaches them."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.control import samples
from pbf.sandbox.control.seed import sample
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.records import Connection
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.scenario import ConnectorPart, GroupPart, Scenario


class _Moment(NamedTuple):
    """When an event begins, or its fault ends."""

    at: float
    event: int
    ends: bool = False


class Player:
    """The events of a scenario that are still to happen in a world."""

    def __init__(self, world: Sandbox, scenario: Scenario) -> None:
        """Restart the world with the scenario's groups; its events count from now."""
        self.world = world
        self.scenario = scenario
        with world.lock:
            world.control.reset(seed=scenario.seed, limits=scenario.limits, populated=False)
            world.control.set_switches(**scenario.switches.model_dump())
            self.connectors: dict[str, str] = {}  # the id of each, by schema
            for number, group in enumerate(scenario.groups):
                self._add(group, is_first=number == 0)
            moments = sorted(self._moments(world.clock()), key=lambda moment: moment.at)
            self._coming = deque(moments)
            self._faults: dict[int, str] = {}  # the id of each, by its event
        world.control.player = self

    def play_due(self) -> None:
        """Let happen what the clock has reached, in order, each at its own time."""
        with self.world.lock:
            while self._coming and self._coming[0].at <= self.world.clock():
                self._happen(self._coming.popleft())

    def saved(self) -> tuple[deque[_Moment], dict[int, str]]:
        """Return what is still to happen, for `restore`."""
        return self._coming, self._faults

    def restore(self, saved: tuple[deque[_Moment], dict[int, str]]) -> None:
        """Let happen again what was still to happen."""
        self._coming, self._faults = saved

    def _add(self, part: GroupPart, *, is_first: bool) -> None:
        world = self.world
        if is_first:
            group = world.rename_group(world.group_id, part.name)
        else:
            group = world.add_group(part.name)
        for item in part.connectors:
            self.connectors[item.schema_name] = self._connector(group.id, item).id
        for state, count in part.samples.items():
            for connection in world.add_connections(count, group_id=group.id):
                samples.STATES[state](connection, world.clock())
                connection.static_fields = None

    def _connector(self, group_id: str, part: ConnectorPart) -> Connection:
        world, service, now = self.world, services()[part.service], self.world.clock()
        connection = sample(
            world, group_id, service, part.schema_name, now, frequency=part.frequency
        )
        samples.STATES[part.state](connection, now)
        return world.add(connection)

    def _moments(self, start: float) -> Iterator[_Moment]:
        for number, event in enumerate(self.scenario.events):
            yield _Moment(start + event.after, number)
            if event.fault and event.lasts is not None:
                yield _Moment(start + event.after + event.lasts, number, ends=True)

    def _happen(self, moment: _Moment) -> None:
        event, control = self.scenario.events[moment.event], self.world.control
        if moment.ends:
            with suppress(NotFound):  # somebody removed it, or it was applied as often as allowed
                control.clear_faults(self._faults.pop(moment.event))
            return
        if event.becomes:
            self._become(event.connector, event.becomes, moment.at)
        if event.limits:
            control.set_limits(event.limits)
        if event.fault:
            # With a share, a rule applies to any number of requests.
            rule = {"share": 1.0, **event.fault.model_dump(exclude_unset=True)}
            self._faults[moment.event] = control.add_fault(**rule).id

    def _become(self, schema: str, state: str, at: float) -> None:
        """Change the state of a connector, unless it was deleted meanwhile."""
        connection = self.world.connections.get(self.connectors[schema])
        if connection is None:
            return
        if state == "healthy":
            connection.paused = False
            self.world.control.mend(connection.id)
        else:
            samples.STATES[state](connection, at)
        connection.static_fields = None
