"""Pages that run headless, as the menu opens them, and the states of Fivetran."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import responses
from streamlit.testing.v1 import AppTest

from pbf import runtime as runtimes
from pbf.cache.shared import SharedCache
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.portal import Portal
from pbf.connectors.portals import Portals
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.core.records import Connection
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import ACCOUNT, API, account_on
from tests.support.servers import ROOT
from tests.support.tenants import looked_at_by

SERVICES = f"{API}/v1/metadata/connector-types"
CONNECTORS = f"{API}/v1/groups/our_group/connections"

Visit = Callable[..., AppTest]


@dataclass
class Failure:
    """A failure of Fivetran, and what a page says about it."""

    reply: dict[str, Any]
    heading: str
    sentence: str
    url: str = SERVICES


FAILURES = {
    "wrong-key": Failure(
        {"status": 401, "json": {}}, "Fivetran refused the API key", "Check FIVETRAN_API_KEY"
    ),
    "wrong-group": Failure(
        {"status": 404, "json": {}},
        "Fivetran did not respond as expected",
        "Fivetran shows this API key no group 'our_group'. Check FIVETRAN_GROUP_ID",
        url=CONNECTORS,
    ),
    "unreachable": Failure(
        {"body": responses.ConnectionError()},
        "Fivetran did not respond as expected",
        "Fivetran cannot be reached. Check the network and FIVETRAN_API_URL",
    ),
    "html": Failure(
        {"body": "<html><h1>Welcome"},
        "Fivetran did not respond as expected",
        "The server at FIVETRAN_API_URL is not Fivetran's API. Check the address.",
    ),
    "500": Failure(
        {"status": 500, "body": "the-secret"},
        "Fivetran did not respond as expected",
        "Fivetran failed to answer (500). Try again in a moment.",
    ),
    "rate-limited": Failure(
        {"status": 429, "json": {}, "headers": {"Retry-After": "90"}},
        "Too many requests for now",
        "limit of requests to Fivetran is used up. Try again in 90 seconds.",
    ),
}


@pytest.fixture
def may_do_everything() -> Iterator[None]:
    """Give all rights to the test's own thread; pages run in others, and have to name a caller."""
    before = CALLER.set(Caller("page", Role.ADMIN))
    yield
    CALLER.reset(before)


@pytest.fixture
def visit() -> Visit:
    """Open a page through the menu, with query parameters, and with a session if one is named.

    Before the menu has run once, AppTest takes the file's name as the page's path.
    """

    def open_page(name: str, session_id: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(ROOT / "pbf" / "menu.py", default_timeout=30)
        if session_id:
            app.user["session"] = session_id
        app.switch_page(f"../pages/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return open_page


@pytest.fixture
def as_role(runtime: Runtime) -> Callable[[Role | None], None]:
    """Give visitors a role; None signs everybody out."""

    def give(role: Role | None) -> None:
        ada = Identity("person:1", runtime.portal.tenant.id, role, "Ada") if role else None
        runtimes.use(looked_at_by(runtime, ada))

    return give


@pytest.fixture
def fivetran() -> Iterator[responses.RequestsMock]:
    """The product on an API whose responses the test writes itself."""
    started = runtimes.start(ACCOUNT)
    runtimes.use(started)
    # A page may request the two lists in any order, and need not request both.
    with responses.RequestsMock(assert_all_requests_are_fired=False) as api:
        yield api
    started.close()


@pytest.fixture(params=[pytest.param(failure, id=name) for name, failure in FAILURES.items()])
def failure(request: pytest.FixtureRequest, fivetran: responses.RequestsMock) -> Failure:
    """Fivetran, failing in one way."""
    failing: Failure = request.param
    everything_empty(fivetran)
    for url in {failing.url, CONNECTORS}:
        fivetran.upsert("GET", url, **failing.reply)
    return failing


@pytest.fixture
def empty_world() -> Sandbox:
    """An account without connectors."""
    return Sandbox(populated=False)


@pytest.fixture
def empty_runtime(empty_world: Sandbox) -> Iterator[Runtime]:
    """The product on an account without connectors."""
    with SandboxServer(world=empty_world) as sandbox:
        started = runtimes.start(account_on(sandbox))
        runtimes.use(started)
        yield started
        started.close()


@pytest.fixture
def unset() -> Iterator[None]:
    """No settings; the runtime that pages start without them is closed at the end."""
    yield
    runtimes.runtime().close()


@pytest.fixture
def half_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the three credentials is set."""
    monkeypatch.setenv("FIVETRAN_API_KEY", "the-key")


@pytest.fixture
def named(sandbox: SandboxServer) -> Callable[[str], Connection]:
    """Find the sandbox's connector of a permanent name."""

    def find(schema: str) -> Connection:
        connections = sandbox.world.connections.values()
        return next(connection for connection in connections if connection.schema == schema)

    return find


@pytest.fixture
def hours_later(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[float], None]]:
    """Set the clock back by ten hours; a call moves it forward by a number of hours."""
    real, behind = time.time, 10.0
    monkeypatch.setattr(time, "time", lambda: real() - behind * 3600)

    def clock() -> float:
        return time.time()

    cache = SharedCache(clock=clock)
    portal = Portal(
        runtime.portal.tenant,
        client=runtime.client,
        cache=cache,
        store=runtime.store,
        signer=runtime.portal.signer,
        grace=24.0,
        clock=clock,
    )
    tenant = portal.tenant
    portals = Portals({tenant.id: tenant}.get, lambda: (tenant.id,), lambda _: portal)
    runtimes.use(replace(runtime, portals=portals, cache=cache))

    def move(hours: float) -> None:
        nonlocal behind
        behind -= hours

    yield move
    cache.close()


def everything_empty(api: responses.RequestsMock) -> None:
    """Make both lists empty."""
    for url in (SERVICES, CONNECTORS):
        api.get(url, json={"code": "Success", "data": {"items": []}})
