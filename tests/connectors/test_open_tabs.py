"""What open pages cost at Fivetran, and how soon they show a change, by a simulated clock."""

from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pbf import runtime as runtimes
from pbf.cache.shared import SharedCache
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector
from pbf.sandbox.core import lifecycle
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import account_on
from tests.support.clock import Clock

# Seconds between two requests of an open tab (components/follow), and until a change is shown.
REFRESH = 3
LONGEST_DELAY = 10
HOUR = 3600
PATIENCE = 20
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()


@dataclass
class Account:
    """An account on a sandbox of its own, and the time there."""

    server: SandboxServer
    runtime: runtimes.Runtime
    clock: Clock

    @property
    def world(self) -> Sandbox:
        return self.server.world

    def dashboard(self) -> tuple[Portal, SharedCache]:
        """The product as it is after a start, with nothing cached."""
        cache = SharedCache(clock=self.clock)
        portal = Portal(
            self.runtime.portal.tenant,
            client=self.runtime.client,
            cache=cache,
            store=self.runtime.store,
            signer=self.runtime.portal.signer,
            grace=24.0,
            clock=self.clock,
        )
        return portal, cache


@pytest.fixture
def account() -> Iterator[Account]:
    clock = Clock(START)
    world = Sandbox(clock=lambda: datetime.fromtimestamp(clock.now, UTC), populated=False)
    with SandboxServer(world=world) as server:
        started = runtimes.start(account_on(server))
        yield Account(server, started, clock)
        started.close()


def refresh(portal: Portal) -> list[Connector]:
    """Read what the pages read at each refresh: the lists, and one connector."""
    connectors = portal.connectors().items
    portal.services()
    portal.connector(connectors[0].id)
    assert not portal.throttling_notice
    return list(connectors)


def settle(cache: SharedCache) -> None:
    """Wait until no request is in flight in the background."""
    assert not wait(list(cache._requests.values()), PATIENCE).not_done


def requests_of_an_hour(account: Account, tabs: int) -> int:
    portal, cache = account.dashboard()
    for _ in range(tabs):
        refresh(portal)
    account.world.control.log.clear()
    for _ in range(0, HOUR, REFRESH):
        account.clock.now += REFRESH
        for _ in range(tabs):
            refresh(portal)
        settle(cache)
    cache.close()
    return account.world.control.log.total


def test_an_hour_of_fifty_open_tabs_on_a_quiet_group_costs_what_one_does(account: Account):
    account.world.control.seed(connectors=12, states={"paused": 12})

    single = requests_of_an_hour(account, tabs=1)
    fifty = requests_of_an_hour(account, tabs=50)

    assert fifty == single
    assert 0 < single <= 61  # the connectors once a minute, the services once


def test_a_change_by_schedule_is_shown_within_ten_seconds(account: Account):
    [moving] = account.world.add_connections(1)
    moving.sync_frequency = 60
    portal, cache = account.dashboard()
    truth = shown = refresh(portal)[0].status.sync_state
    changed_at, waited = 0.0, []

    for second in range(3 * HOUR):
        account.clock.now += 1
        now = lifecycle.state_at(moving, account.clock.now).sync_state
        if now != truth:
            assert shown == truth, "a change was missed"
            truth, changed_at = now, account.clock.now
        # In each hour the refreshes fall on other seconds.
        if (second + second // HOUR) % REFRESH == 0:
            before, shown = shown, refresh(portal)[0].status.sync_state
            settle(cache)
            if before != shown:
                waited.append(account.clock.now - changed_at)
    cache.close()

    assert len(waited) >= 5
    assert max(waited) <= LONGEST_DELAY
