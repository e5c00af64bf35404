"""Plays a scenario: makes its world, and lets its events happen when the clock reaches them."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count
from typing import NamedTuple

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.control import samples
from pbf.sandbox.control.seed import sample
from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.records import Connection, Group, Selection
from pbf.sandbox.resources.schemas import extend_source
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.scenario import ConnectorPart, GroupPart, Scenario


class _Moment(NamedTuple):
    """When an event begins, or its fault ends."""

    at: float
    event: int
    ends: bool = False


class Player:
    """The events of a scenario that are still to happen in a world."""

    def __init__(self, world: Sandbox, scenario: Scenario, *, restart: bool = True) -> None:
        """Restart the world with the scenario's groups; its events count from now.

        Without a restart, the groups are added to the world, of which the first exists.
        """
        self.world = world
        self.scenario = scenario
        self.connectors: dict[str, str] = {}  # the id of each, by schema
        numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: count(1))
        with world.lock:
            if restart:
                world.control.reset(seed=scenario.seed, limits=scenario.limits, populated=False)
                world.control.set_switches(**scenario.switches.model_dump())
                world.rename_group(world.group_id, scenario.groups[0].name)
            self._fill(world.group(world.group_id), scenario.groups[0])
            for part in scenario.groups[1:]:
                for _ in range(part.copies):
                    number = f"_{next(numbers[part.name]):04}" if part.copies > 1 else ""
                    self._fill(world.add_group(part.name + number), part)
            self.start = world.clock()
            moments = sorted(self._moments(self.start), key=lambda moment: moment.at)
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

    def play_until(self, time: float) -> None:
        """Let happen now what was to happen until a time."""
        with self.world.lock:
            while self._coming and self._coming[0].at <= time:
                self._happen(self._coming.popleft()._replace(at=self.world.clock()))

    def _fill(self, group: Group, part: GroupPart) -> None:
        world = self.world
        for item in part.connectors:
            self.connectors[item.schema_name] = self._connector(group.id, item).id
        for state, number in part.samples.items():
            for connection in world.add_connections(number, group_id=group.id):
                samples.STATES[state](connection, world.clock())
                connection.static_fields = None

    def _connector(self, group_id: str, part: ConnectorPart) -> Connection:
        world, service, now = self.world, services()[part.service], self.world.clock()
        connection = sample(
            world, group_id, service, part.schema_name, now, frequency=part.frequency
        )
        samples.STATES[part.state](connection, now)
        if part.schema_change_handling != "ALLOW_ALL":
            connection.selection = Selection(part.schema_change_handling, captured=True)
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
        if event.adds:
            self._extend(event.connector, event.adds)
        if event.requests_left is not None:
            self.world.limits.use_up(event.requests_left, moment.at)
        if event.limits:
            control.set_limits(event.limits)
        if event.fault:
            # With a share, a rule applies to any number of requests.
            rule = {"share": 1.0, **event.fault.model_dump(exclude_unset=True)}
            self._faults[moment.event] = control.add_fault(**rule).id

    def _extend(self, schema: str, adds: Mapping[str, Sequence[str]]) -> None:
        """Add tables to the source of a connector, unless it was deleted meanwhile."""
        if connection := self.world.connections.get(self.connectors[schema]):
            for name, lines in adds.items():
                extend_source(connection, name, lines)

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
