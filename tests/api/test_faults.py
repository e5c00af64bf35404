"""Every action under every fault, by portal and by route: the error, and the state at Fivetran."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.connectors.portal import Portal
from pbf.errors import (
    ApiError,
    ConnectionFailed,
    NotFound,
    RateLimited,
    ServerFailed,
    TimedOut,
)
from pbf.proxy import create_app
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.accounts import account_on
from tests.support.servers import PATIENCE

PUBLIC_URL = "http://localhost"
WAIT = 90
ORDERS = ("webshop", "public")


@dataclass(frozen=True)
class Fault:
    """A fault of a write, whether the write is done, and the error of portal and route."""

    id: str
    error: type[ApiError]
    status: int
    code: str
    done: bool = False


@dataclass(frozen=True)
class Action:
    """An action on a connector, and how Fivetran shows that it was done.

    If Fivetran shows nothing (`has` is None), only the loss of the answer can be reported.
    """

    id: str
    schema: str
    path: str
    do: Callable[[Portal, str], Any]
    has: Callable[[Portal, str], bool] | None = None
    method: str = "POST"
    ask: tuple[str, str, Any] | None = None


FAULTS = [
    Fault("429", RateLimited, 429, "rate_limited"),
    Fault("500", ServerFailed, 502, "fivetran_failed"),
    Fault("late_500", ServerFailed, 502, "fivetran_failed", done=True),
    Fault("drop", ConnectionFailed, 502, "fivetran_unreachable"),
    Fault("lost_answer", ConnectionFailed, 502, "fivetran_unreachable", done=True),
    Fault("too_late", TimedOut, 504, "fivetran_timeout", done=True),
    Fault("delay", TimedOut, 504, "fivetran_timeout"),
]


def read(portal: Portal, connector_id: str):
    return portal._client.get_connector(connector_id)


def is_gone(portal: Portal, connector_id: str) -> bool:
    try:
        read(portal, connector_id)
    except NotFound:
        return True
    return False


def first_table(portal: Portal, connector_id: str) -> dict[tuple[str, str], bool]:
    """The change that switches the first table off that can be switched; all are on at first."""
    for schema_name, schema in portal._client.get_schemas(connector_id).schemas.items():
        for table_name, table in schema.tables.items():
            if table.enabled_patch_settings.allowed is not False:
                return {(schema_name, table_name): False}
    raise AssertionError("no table can be switched")


def is_off(portal: Portal, connector_id: str) -> bool:
    [(schema, table)] = first_table(portal, connector_id)
    return portal._client.get_schemas(connector_id).schemas[schema].tables[table].enabled is False


def is_read(portal: Portal, connector_id: str) -> bool:
    try:
        portal._client.get_schemas(connector_id)
    except NotFound:
        return False
    return True


ACTIONS = [
    Action(
        "pause",
        "salesforce_crm",
        "",
        lambda portal, connector_id: portal.operations.pause(connector_id),
        lambda portal, connector_id: read(portal, connector_id).paused is True,
        method="PATCH",
        ask=("PATCH", "", {"paused": True}),
    ),
    Action(
        "resume",
        "jira_projects",
        "",
        lambda portal, connector_id: portal.operations.resume(connector_id),
        lambda portal, connector_id: read(portal, connector_id).paused is False,
        method="PATCH",
        ask=("PATCH", "", {"paused": False}),
    ),
    Action(
        "reschedule",
        "salesforce_crm",
        "",
        lambda portal, connector_id: portal.operations.change(
            connector_id, timing={"sync_frequency": 60}
        ),
        lambda portal, connector_id: read(portal, connector_id).sync_frequency == 60,
        method="PATCH",
        ask=("PATCH", "", {"sync_frequency": 60}),
    ),
    Action(
        "sync",
        "salesforce_crm",
        "/sync",
        lambda portal, connector_id: portal.operations.sync(connector_id),
        lambda portal, connector_id: read(portal, connector_id).status.sync_state == "syncing",
        ask=("POST", "/sync", None),
    ),
    Action(
        "resync",
        "salesforce_crm",
        "/resync",
        lambda portal, connector_id: portal.operations.resync(connector_id),
        lambda portal, connector_id: read(portal, connector_id).status.is_historical_sync is True,
        ask=("POST", "/resync", None),
    ),
    Action(
        "test",
        "salesforce_crm",
        "/test",
        lambda portal, connector_id: portal.operations.test(connector_id),
        ask=("POST", "/test", None),
    ),
    Action(
        "delete",
        "salesforce_crm",
        "",
        lambda portal, connector_id: portal.operations.delete(connector_id),
        is_gone,
        method="DELETE",
        ask=("DELETE", "", None),
    ),
    Action(
        "card",
        "salesforce_crm",
        "/connect-card",
        lambda portal, connector_id: portal.cards.open(connector_id, public_url=PUBLIC_URL),
        ask=("GET", "/form", None),
    ),
    Action(
        "reload",
        "shopify_storefront",
        "/schemas/reload",
        lambda portal, connector_id: portal.operations.reload_schemas(connector_id, before=None),
        is_read,
    ),
    Action(
        "tables",
        "salesforce_crm",
        "/schemas",
        lambda portal, connector_id: portal.operations.choose_tables(
            connector_id, first_table(portal, connector_id)
        ),
        is_off,
        method="PATCH",
    ),
]
BY_ROUTE = [action for action in ACTIONS if action.ask]
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)


class Gate(threading.Event):
    """Holds every delayed request of the sandbox until it is opened."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(PATIENCE)


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Runtime, SandboxServer]]:
    """The product's parts on a sandbox; each test starts with a new world."""
    with SandboxServer() as server:
        started = runtimes.start(account_on(server, deletion_grace=0.0))
        yield started, server
        started.close()


@pytest.fixture
def runtime(account: tuple[Runtime, SandboxServer]) -> Runtime:
    runtime, server = account
    server.world.control.clear_faults()
    server.world.control.reset()
    runtime.cache.forget(f"connectors:{server.world.group_id}")
    return runtime


@pytest.fixture
def order(
    account: tuple[Runtime, SandboxServer], runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Fault, Action, str], None]]:
    """Order a fault for the only write of an action; held requests are released at the end."""
    control, session = account[1].world.control, runtime.client._request._session
    gate, noted = Gate(), threading.Event()
    send, note = session.request, control.log.add
    ordered: list[str] = []

    def strike(fault: Fault, action: Action, connector_id: str) -> None:
        ordered.append(fault.id)
        path = f"/v1/connections/{connector_id}{action.path}"
        if fault.id == "too_late":
            monkeypatch.setattr(session, "request", answered_too_late(send))
            return
        if fault.id == "delay":
            monkeypatch.setattr(control, "ended", gate)
            monkeypatch.setattr(session, "request", impatient(send))
            monkeypatch.setattr(
                control.log, "add", lambda **entry: (note(**entry), entry["fault"] and noted.set())
            )
        control.add_fault(fault.id, method=action.method, path=path, retry_after=WAIT)

    yield strike
    gate.set()
    assert "delay" not in ordered or noted.wait(PATIENCE)


def answered_too_late(send: Callable[..., Any]) -> Callable[..., Any]:
    def request(method: str, url: str, **options: Any) -> Any:
        answer = send(method, url, **options)
        if method != "GET":
            answer.close()
            raise requests.ReadTimeout("the answer came after that")
        return answer

    return request


def impatient(send: Callable[..., Any]) -> Callable[..., Any]:
    def request(method: str, url: str, **options: Any) -> Any:
        if method != "GET":
            options["timeout"] = (5, 0.05)
        return send(method, url, **options)

    return request


def id_of(runtime: Runtime, action: Action) -> str:
    """The connector of an action; like a page, this reads the list before the action."""
    connectors = runtime.portal.connectors().items
    return next(item.id for item in connectors if item.schema_name == action.schema)


@pytest.mark.parametrize(
    "action", [action for action in ACTIONS if action.has], ids=lambda action: action.id
)
def test_an_action_without_a_fault_is_done(runtime: Runtime, action: Action):
    connector_id = id_of(runtime, action)
    before = action.has(runtime.portal, connector_id)

    action.do(runtime.portal, connector_id)

    assert (before, action.has(runtime.portal, connector_id)) == (False, True)


@each_fault
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_an_action_reports_what_fivetran_has(
    runtime: Runtime, order: Callable[..., None], action: Action, fault: Fault
):
    connector_id = id_of(runtime, action)
    order(fault, action, connector_id)
    known_to_have_worked = fault.done and action.has is not None

    if known_to_have_worked:
        action.do(runtime.portal, connector_id)
    else:
        with pytest.raises(fault.error) as caught:
            action.do(runtime.portal, connector_id)
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == WAIT
            assert f"{WAIT} seconds" in str(caught.value)

    if action.has:
        assert action.has(runtime.portal, connector_id) is fault.done


@each_fault
@pytest.mark.parametrize("action", BY_ROUTE, ids=lambda action: action.id)
def test_a_route_returns_what_fivetran_has(
    runtime: Runtime, order: Callable[..., None], action: Action, fault: Fault
):
    connector_id = id_of(runtime, action)
    method, path, body = action.ask or ("", "", None)
    client: FlaskClient = create_app(lambda: runtime).test_client()
    order(fault, action, connector_id)

    answer = client.open(f"/_/connectors/{connector_id}{path}", method=method, json=body)

    if fault.done and action.has:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json["error"]["code"]) == (fault.status, fault.code)
        assert (answer.headers.get("Retry-After") == str(WAIT)) is (fault.status == 429)
    if action.has:
        assert action.has(runtime.portal, connector_id) is fault.done
