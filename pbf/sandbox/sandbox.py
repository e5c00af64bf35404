"""The whole sandbox: a world with its seed data, control, injected faults and webhooks."""

from collections.abc import Callable
from datetime import datetime

from pbf.sandbox.control.control import Control
from pbf.sandbox.control.customers import add_customer
from pbf.sandbox.control.fault_rules import Faults
from pbf.sandbox.control.seed import populate, sample_connections
from pbf.sandbox.control.snapshots import snapshot
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.records import Connection, Group
from pbf.sandbox.core.world import World
from pbf.sandbox.webhooks.subscriptions import Webhooks


class Sandbox(World):
    """A world that starts with users and connections, and sends its events to webhooks."""

    def __init__(
        self,
        *,
        seed: int = 1,
        clock: Callable[[], datetime] | None = None,
        assumptions: Assumptions | None = None,
        populated: bool = True,
    ) -> None:
        """Create the world; unpopulated, it has a group but no connections."""
        super().__init__(seed=seed, clock=clock, assumptions=assumptions)
        self.faults = Faults(seed)
        self.control = Control(self, self.faults)
        self.webhooks = Webhooks(self)
        self.observer = self.webhooks
        self.reset(populated=populated)

    def fill(self, *, populated: bool) -> None:
        """Add the content of a new world, without faults and webhooks."""
        self.control.player = None
        self.faults.restart(self.seed)
        self.webhooks.clear()
        populate(self, connections=populated)

    def snapshot(self) -> bytes:
        """Return the whole state of the world as JSON."""
        return snapshot(self)

    def add_connections(self, count: int, *, group_id: str | None = None) -> list[Connection]:
        """Add so many connected connections to a group, spread over the catalogue."""
        with self.lock:
            owner = self.group(group_id or self.group_id).id
            return [self.add(connection) for connection in sample_connections(self, owner, count)]

    def add_customer(self, name: str) -> Group:
        """Add one of the sample customers, "Globex" or "Initech": a group with connections."""
        return add_customer(self, name)
