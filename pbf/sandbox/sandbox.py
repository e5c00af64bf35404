"""The whole sandbox: a world with its start, its control, the ordered faults and webhooks."""

from collections.abc import Callable
from datetime import datetime

from pbf.sandbox.control.control import Control
from pbf.sandbox.control.faults import Faults
from pbf.sandbox.control.seed import populate, sample_connections
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.records import Connection
from pbf.sandbox.core.world import World
from pbf.sandbox.webhooks.subscriptions import Webhooks


class Sandbox(World):
    """A world that begins with people and connections, and tells its webhooks what happens."""

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Callable[[], datetime] | None = None,
        assumptions: Assumptions | None = None,
        populated: bool = True,
    ) -> None:
        """Make the world at its start; unpopulated, it has a group but no connections."""
        super().__init__(seed=seed, clock=clock, assumptions=assumptions)
        self.faults = Faults(seed)
        self.control = Control(self, self.faults)
        self.webhooks = Webhooks(self)
        self.observer = self.webhooks
        self.reset(populated=populated)

    def fill(self, *, populated: bool) -> None:
        """Put in what is there at the start, without a fault or a webhook."""
        self.faults.restart(self.seed)
        self.webhooks.forget()
        populate(self, connections=populated)

    def snapshot(self) -> bytes:
        """Return all that requests and the clock have made of the world, as JSON."""
        return self.control.snapshot()

    def add_connections(self, count: int, *, group_id: str | None = None) -> list[Connection]:
        """Add so many connected connections to a group, spread over the catalogue."""
        with self.lock:
            owner = self.group(group_id or self.group_id).id
            return [self.add(each) for each in sample_connections(self, owner, count)]
