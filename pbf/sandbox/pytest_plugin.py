"""The pytest plugin of `fivetran-sandbox`: a fresh world for each test that asks for one."""

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from pbf.sandbox.core.clock import Clock
from pbf.sandbox.environment import variables
from pbf.sandbox.scenarios.player import Player
from pbf.sandbox.scenarios.scenario import load
from pbf.sandbox.server import SandboxServer

# So many of the latest requests are shown for a test that failed.
SHOWN = 20
USED = pytest.StashKey[SandboxServer]()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers",
        "fivetran_world(populated=True, groups=0, connectors=0, states=None, limits='paid', "
        "speed=1.0): how the sandbox's world starts in this test; `states` is the number of "
        "connectors in each state, such as {'broken': 2}.",
    )
    config.addinivalue_line(
        "markers", "fivetran_scenario(name): the scenario that the sandbox's world starts with."
    )


@pytest.fixture(scope="session")
def fivetran_server() -> Iterator[SandboxServer]:
    """A sandbox on a free port of this machine; each process of pytest-xdist has its own."""
    with SandboxServer() as server:
        yield server


@pytest.fixture
def fivetran(
    request: pytest.FixtureRequest, fivetran_server: SandboxServer
) -> Iterator[SandboxServer]:
    """The sandbox with a new world: `url`, `world.api_key`, `world.api_secret`, `world.group_id`.

    The markers `fivetran_world` and `fivetran_scenario` say how the world starts. `snapshot()` and
    `restore()` return to a point of the test; the snapshots that a test takes end with it.
    """
    snapshots = fivetran_server.world.control.snapshots
    before = snapshots.names()
    marker = request.node.get_closest_marker("fivetran_world")
    _start_again(fivetran_server, **(marker.kwargs if marker else {}))
    if scenario := request.node.get_closest_marker("fivetran_scenario"):
        Player(fivetran_server.world, load(*scenario.args).scenario)
    request.node.stash[USED] = fivetran_server
    yield fivetran_server
    for name in snapshots.names() - before:
        snapshots.delete(name)


@pytest.fixture
def fivetran_environment(
    fivetran: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """The environment variables that known clients read, set for this test."""
    named = variables(fivetran)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    return named


@pytest.fixture
def fivetran_clock(fivetran: SandboxServer) -> Clock:
    """The clock of the sandbox: `advance(seconds)`, and `speed`, which 0 stops."""
    return fivetran.world.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Add the latest requests to the report of a test that failed."""
    report = yield
    server = item.stash.get(USED, None)
    if server and report.when == "call" and report.failed:
        entries = server.world.control.log.entries(limit=SHOWN)
        lines = [f"{entry['method']} {entry['path']}: {entry['status']}" for entry in entries]
        text = "\n".join(lines) or "none"
        report.sections.append(("The latest requests to the Fivetran sandbox", text))
    return report


def _start_again(
    server: SandboxServer,
    *,
    populated: bool = True,
    groups: int = 0,
    connectors: int = 0,
    states: dict[str, int] | None = None,
    limits: str = "paid",
    speed: float = 1.0,
) -> None:
    control = server.world.control
    control.reset(populated=populated, speed=speed, limits=limits)
    if groups or connectors:
        control.seed(groups=groups, connectors=connectors, states=states)
