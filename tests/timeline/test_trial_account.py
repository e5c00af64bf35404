"""An account of 2,000 connectors that may send 500 requests an hour, for an hour and more."""

import time
from collections import deque
from datetime import UTC, datetime

import pytest

import pbf.runtime.jobs
import pbf.runtime.watch  # noqa: F401
from pbf import runtime as runtimes
from pbf.jobs.runner import JobRunner
from pbf.runtime import Runtime
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.store.watch.tables import Channel
from tests.support.accounts import account_on
from tests.support.clock import Clock
from tests.support.one_clock import use_clock
from tests.support.webhook_events import SECRET, payload, signed

CONNECTORS, LIMIT, HOUR = 2000, 500, 3600.0
# Somebody looks every so many seconds.
LOOK = 5.0
# So many connectors sync every five minutes, so that always one is syncing.
FAST = 200


class Product:
    """The product with all its jobs, and somebody who looks at the list of connectors."""

    def __init__(self, runtime: Runtime, sandbox: Sandbox, clock: Clock) -> None:
        self.runtime, self.sandbox, self.clock = runtime, sandbox, clock
        self.jobs = JobRunner(runtime.store, runtime.jobs, clock=clock)
        self.requests: deque[tuple[float, int]] = deque()
        self.most = 0

    def step(self, *, somebody_looks: bool) -> None:
        self.clock.advance(LOOK)
        before = self.sandbox.control.log.total
        if somebody_looks:
            self.runtime.portal.connectors()
        self.jobs.run_due()
        self.runtime.timelines.lists.wait()
        self.requests.append((self.clock(), self.sandbox.control.log.total - before))
        while self.requests[0][0] <= self.clock() - HOUR:
            self.requests.popleft()
        self.most = max(self.most, sum(number for _, number in self.requests))

    def run(self, seconds: float, *, somebody_looks: bool = True) -> None:
        for _ in range(int(seconds // LOOK)):
            self.step(somebody_looks=somebody_looks)

    def until_told(self, connector_id: str, most: float, *, somebody_looks: bool = True) -> float:
        """Return after how many seconds a notification of a connector's incident is there."""
        start, group_id = self.clock(), self.runtime.portal.tenant.group_id
        while self.clock() - start < most:
            self.step(somebody_looks=somebody_looks)
            for incident in self.runtime.watch.incidents.open(group_id):
                if incident.connector_id == connector_id and self.runtime.store.notifications.about(
                    group_id, incident.id
                ):
                    return self.clock() - start
        raise AssertionError("nobody was told")


@pytest.fixture
def product(monkeypatch):
    clock = Clock(float(int(time.time())))
    use_clock(monkeypatch, clock)
    world = Sandbox(populated=False, clock=lambda: datetime.fromtimestamp(clock(), UTC))
    for connection in world.add_connections(CONNECTORS)[:FAST]:
        connection.sync_frequency = 5
    world.control.set_limits("trial")
    with SandboxServer(world=world) as server:
        runtime = runtimes.start(account_on(server, webhook_secrets=(SECRET,)))
        runtimes.use(runtime)
        runtime.store.channels.add(
            Channel(
                id="c",
                group_id=runtime.portal.tenant.group_id,
                kind="webhook",
                name="ours",
                address="http://127.0.0.1:9/",
                created_by="test",
                created_at=clock(),
            )
        )
        yield Product(runtime, world, clock)
        runtimes.use(None)
        runtime.close()


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_a_trial_account_stays_within_its_limit_and_tells_of_what_broke(product):
    runtime, world = product.runtime, product.sandbox
    product.run(1.1 * HOUR)
    assert (
        "sync histories are read an hour" in runtime.timelines.of(runtime.portal.tenant.id).sampling
    )

    first, second, third = [item.id for item in runtime.portal.connectors().items][:3]
    world.break_connection(first)
    looked_at = product.until_told(first, HOUR)
    world.break_connection(second)
    body = payload(
        "connection_failure",
        created=datetime.fromtimestamp(product.clock(), UTC).isoformat(),
        connector_id=second,
        destination_group_id=runtime.portal.tenant.group_id,
    )
    runtime.inbox.receive(body, signed(body))
    by_webhook = product.until_told(second, HOUR / 4)
    product.run(HOUR / 6, somebody_looks=False)
    world.break_connection(third)
    unseen = product.until_told(third, HOUR, somebody_looks=False)

    assert max(looked_at, by_webhook, unseen) <= 600
    assert product.most < 0.9 * LIMIT
