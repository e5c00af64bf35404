"""The account of a run: its connectors, and what happens to them."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.timeline.plan import FREQUENCIES, HOUR, Plan
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import connections, sync_history
from pbf.sandbox.sandbox import Sandbox

START = datetime(2026, 3, 2, tzinfo=UTC)
# Of all connectors, so many have something happen to them in an hour.
HAPPENS_EVERY = 400 * HOUR
LONGEST_REPAIR = 30 * HOUR


@dataclass(frozen=True)
class Repair:
    """What ends a change, and when."""

    due: float
    run: Callable[[], object]


class Account:
    """A sandbox whose clock moves by steps, and whose connectors break and are mended."""

    def __init__(self, plan: Plan) -> None:
        """Create connectors in some groups."""
        self.world = Sandbox(seed=plan.seed, clock=lambda: START, populated=False)
        self.world.control.set_limits("paid")
        self.start = self.world.clock()
        self._random = random.Random(plan.seed)  # noqa: S311  # not a secret
        self._repairs: list[Repair] = []
        self.changes: Counter[str] = Counter()
        added = self.world.control.seed(groups=plan.groups, connectors=plan.connectors)
        self.groups = [group.id for group in added]
        minutes = list(FREQUENCIES)
        weights = list(FREQUENCIES.values())
        for connection in self.world.connections.values():
            [connection.sync_frequency] = self._random.choices(minutes, weights)

    @property
    def elapsed(self) -> float:
        """The seconds since the start."""
        return self.world.clock() - self.start

    def advance(self, seconds: float, *, is_quiet: bool) -> None:
        """Move the clock, and change connectors on the way unless it is a quiet time."""
        share = len(self.world.connections) * seconds / HAPPENS_EVERY
        number = 0 if is_quiet else int(share + self._random.random())
        times = sorted(self._random.uniform(0, seconds) for _ in range(number))
        before = 0.0
        for time in times:
            self.world.advance(time - before)
            self._change(self._random.choice(list(self.world.connections.values())))
            before = time
        self.world.advance(seconds - before)
        self._repair(everything=is_quiet)

    def _change(self, connection: Connection) -> None:
        kinds = (self._fail, self._break, self._pause, self._reschedule, self._force)
        kind = self._random.choice(kinds)
        try:
            kind(connection)
        except SandboxError:
            return  # such as a sync of a paused connector
        self.changes[kind.__name__.removeprefix("_")] += 1

    def _fail(self, connection: Connection) -> None:
        sync_history.fail(self.world, connection.id, times=self._random.randint(1, 3))

    def _break(self, connection: Connection) -> None:
        self.world.control.break_connection(connection.id)
        self._later(lambda: self.world.control.mend(connection.id))

    def _pause(self, connection: Connection) -> None:
        connections.update(self.world, connection, {"paused": True})
        self._later(lambda: connections.update(self.world, connection, {"paused": False}))

    def _reschedule(self, connection: Connection) -> None:
        minutes = self._random.choice([minutes for minutes in FREQUENCIES if minutes > HOUR / 60])
        connections.update(self.world, connection, {"sync_frequency": minutes})

    def _force(self, connection: Connection) -> None:
        connections.sync(self.world, connection, force=True)

    def _later(self, run: Callable[[], object]) -> None:
        due = self.world.clock() + self._random.uniform(HOUR, LONGEST_REPAIR)
        self._repairs.append(Repair(due, run))

    def _repair(self, *, everything: bool) -> None:
        now = self.world.clock()
        due = [repair for repair in self._repairs if everything or repair.due <= now]
        self._repairs = [repair for repair in self._repairs if repair not in due]
        for repair in due:
            repair.run()
