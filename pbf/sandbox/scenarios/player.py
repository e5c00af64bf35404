"""Plays a scenario: makes its world, and lets its events happen when the clock reaches them."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import NamedTuple

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.control import samples
from pbf.sandbox.control.seed import sample
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.records import Connection
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.scenario import ConnectorPart, EventPart, GroupPart, Scenario


class _Moment(NamedTuple):
    at: float
    happen: Callable[[float], object]


class Player:
    """The events of a scenario that are still to happen in a world."""

    def __init__(self, world: Sandbox, scenario: Scenario) -> None:
        """Restart the world with the scenario's groups; its events count from now."""
        self.world = world
        self.scenario = scenario
        with world.lock:
            world.control.reset(seed=scenario.seed, limits=scenario.limits, populated=False)
            world.control.set_switches(**scenario.switches.model_dump())
            self.connectors: dict[str, Connection] = {}
            for number, group in enumerate(scenario.groups):
                self._add(group, is_first=number == 0)
            start = world.clock()
            moments = (self._moments(event, start) for event in scenario.events)
            self._coming = deque(sorted(chain(*moments), key=lambda moment: moment.at))
        world.control.play_due = self.play_due

    def play_due(self) -> None:
        """Let happen what the clock has reached, in order, each at its own time."""
        with self.world.lock:
            while self._coming and self._coming[0].at <= self.world.clock():
                moment = self._coming.popleft()
                moment.happen(moment.at)

    def _add(self, part: GroupPart, *, is_first: bool) -> None:
        world = self.world
        if is_first:
            group = world.rename_group(world.group_id, part.name)
        else:
            group = world.add_group(part.name)
        for item in part.connectors:
            self.connectors[item.schema_name] = self._connector(group.id, item)
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

    def _moments(self, event: EventPart, start: float) -> Iterator[_Moment]:
        at, control = start + event.after, self.world.control
        if event.becomes:
            yield _Moment(at, partial(self._become, event.connector, event.becomes))
        if event.limits:
            yield _Moment(at, lambda _at: control.set_limits(event.limits))
        if event.fault:
            added: list[str] = []
            # With a share, a rule applies to any number of requests.
            rule = {"share": 1.0, **event.fault.model_dump(exclude_unset=True)}

            def begin(_at: float) -> None:
                added.append(control.add_fault(**rule).id)

            yield _Moment(at, begin)
            if event.lasts is not None:
                yield _Moment(at + event.lasts, lambda _at: self._end_fault(added))

    def _end_fault(self, added: list[str]) -> None:
        with suppress(NotFound):  # somebody has removed it, or it was applied as often as allowed
            self.world.control.clear_faults(added.pop())

    def _become(self, schema: str, state: str, at: float) -> None:
        """Change the state of a connector, unless it was deleted meanwhile."""
        connection = self.connectors[schema]
        if connection.id not in self.world.connections:
            return
        if state == "healthy":
            connection.paused = False
            self.world.control.mend(connection.id)
        else:
            samples.STATES[state](connection, at)
        connection.static_fields = None
