"""Plays a scenario with captions as a story in the present world, and returns to the world before.

The connectors of the world's first group make room for those of the scenario's first group; its
other groups are added, and all other groups stay as they are.
"""

from typing import NamedTuple

from pbf.sandbox.control.snapshots import copy_of, restore
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.player import Player
from pbf.sandbox.scenarios.scenario import Caption, Scenario, load, names


class StoryText(NamedTuple):
    """A story of the library: its name, and what people read of it."""

    name: str
    title: str
    description: str
    steps: tuple[str, ...]
    makes_groups: bool


class Story(Player):
    """A story that is being played; a step is played when it is asked for.

    It begins in the past, by as much as its steps take, so none of them lies ahead of real time.
    """

    def __init__(self, world: Sandbox, scenario: Scenario) -> None:
        """Set the world's first group aside, and play the first step."""
        self._steps = scenario.steps
        self._number = 0
        with world.lock:
            before = set(world.groups)
            self._copy = copy_of(world)
            self._other_faults = world.faults.replace({})
            self._behind = self._steps[-1].after
            world.clock.restart(world.clock() - self._behind)
            world.webhooks.skip()
            try:
                self._make_room(world, scenario)
                super().__init__(world, scenario, restart=False)
            except SandboxError:  # such as a group that somebody has given the same name
                self._leave(world)
                raise
            # The groups that it has added.
            self.groups = [group for group in world.groups.values() if group.id not in before]
            self._play()

    def _make_room(self, world: Sandbox, scenario: Scenario) -> None:
        world.limits.plan = scenario.limits
        for connection in tuple(world.matching(world.group_id, None)):
            world.discard(connection)

    def play_due(self) -> None:
        """Let nothing happen by itself."""

    @property
    def is_playing(self) -> bool:
        """Whether the world is the story's: it was not restarted since, and not left."""
        return self.world.control.player is self

    @property
    def caption(self) -> Caption:
        """What the present step says."""
        return self._steps[self._number].caption

    @property
    def place(self) -> tuple[int, int]:
        """The number of the present step, from 1, and of all steps."""
        return self._number + 1, len(self._steps)

    def connection_id(self) -> str:
        """Return the id of the connection that the present step is about, "" without one."""
        schema = self.caption.connector
        return self.connectors[schema] if schema else ""

    def advance(self) -> None:
        """Play the next step, if there is one: move the clock, and let happen what is due."""
        with self.world.lock:
            if self._number + 1 < len(self._steps):
                self._number += 1
                self._play()

    def leave(self) -> None:
        """Return to the world as it was before, at the time that it would have by now."""
        with self.world.lock:
            self._leave(self.world)

    def _leave(self, world: Sandbox) -> None:
        world.control.player = None
        restore(world, self._copy)
        world.faults.replace(self._other_faults)
        world.clock.advance(self._behind)
        world.webhooks.skip()

    def _play(self) -> None:
        until = self.start + self._steps[self._number].after
        ahead = max(0.0, until - self.world.clock())
        self.world.clock.advance(ahead)
        self._behind -= ahead
        self.play_until(until)


def begun(world: Sandbox, name: str) -> Story:
    """Begin a story of the library in a world.

    Raises ValueError if there is no such story, or if the world has a group of the same name.
    """
    scenario = load(name).scenario if name in names() else None
    if scenario is None or not scenario.steps:
        raise ValueError("There is no such story.")
    try:
        return Story(world, scenario)
    except SandboxError as error:
        raise ValueError(error.message) from error


def stories() -> list[StoryText]:
    """Return the stories of the library."""
    texts = []
    for name in names():
        scenario = load(name).scenario
        titles = tuple(step.caption.title for step in scenario.steps)
        if titles:
            text = " ".join(scenario.description.split())
            several = any(group.copies > 1 for group in scenario.groups)
            texts.append(StoryText(name, scenario.name, text, titles, several))
    return texts
