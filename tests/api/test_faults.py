"""Every action under every ordered fault, through both doors: what is told, what Fivetran has."""

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

RETURN = "http://localhost/_/return"
WAIT = 90
PATIENCE = 20
ORDERS = ("webshop", "public")


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a write, whether the work is done, and what both doors tell of it."""

    id: str
    error: type[ApiError]
    status: int
    code: str
    done: bool = False


@dataclass(frozen=True)
class Action:
    """Something one does to a connector, and how Fivetran shows that it was done.

    Where it shows nothing (`has` is None), that the answer was lost is all that can be told.
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


def read(portal: Portal, one: str):
    return portal._client.get_connector(one)


def is_gone(portal: Portal, one: str) -> bool:
    try:
        read(portal, one)
    except NotFound:
        return True
    return False


def first_table(portal: Portal, one: str) -> dict[tuple[str, str], bool]:
    """Switch the first table that can be switched to what it is not at the start: off."""
    for schema, found in portal._client.get_schemas(one).schemas.items():
        for name, table in found.tables.items():
            if table.enabled_patch_settings.allowed is not False:
                return {(schema, name): False}
    raise AssertionError("no table can be switched")


def is_off(portal: Portal, one: str) -> bool:
    [(schema, table)] = first_table(portal, one)
    return portal._client.get_schemas(one).schemas[schema].tables[table].enabled is False


def is_read(portal: Portal, one: str) -> bool:
    try:
        portal._client.get_schemas(one)
    except NotFound:
        return False
    return True


ACTIONS = [
    Action(
        "pause",
        "salesforce_crm",
        "",
        lambda portal, one: portal.operations.pause(one),
        lambda portal, one: read(portal, one).paused is True,
        method="PATCH",
        ask=("PATCH", "", {"paused": True}),
    ),
    Action(
        "resume",
        "jira_projects",
        "",
        lambda portal, one: portal.operations.resume(one),
        lambda portal, one: read(portal, one).paused is False,
        method="PATCH",
        ask=("PATCH", "", {"paused": False}),
    ),
    Action(
        "reschedule",
        "salesforce_crm",
        "",
        lambda portal, one: portal.operations.reschedule(one, sync_frequency=60),
        lambda portal, one: read(portal, one).sync_frequency == 60,
        method="PATCH",
        ask=("PATCH", "", {"sync_frequency": 60}),
    ),
    Action(
        "sync",
        "salesforce_crm",
        "/sync",
        lambda portal, one: portal.operations.sync(one),
        lambda portal, one: read(portal, one).status.sync_state == "syncing",
        ask=("POST", "/sync", None),
    ),
    Action(
        "resync",
        "salesforce_crm",
        "/resync",
        lambda portal, one: portal.operations.resync(one),
        lambda portal, one: read(portal, one).status.is_historical_sync is True,
        ask=("POST", "/resync", None),
    ),
    Action(
        "test",
        "salesforce_crm",
        "/test",
        lambda portal, one: portal.operations.test(one),
        ask=("POST", "/test", None),
    ),
    Action(
        "delete",
        "salesforce_crm",
        "",
        lambda portal, one: portal.operations.delete(one),
        is_gone,
        method="DELETE",
        ask=("DELETE", "", None),
    ),
    Action(
        "card",
        "salesforce_crm",
        "/connect-card",
        lambda portal, one: portal.hand_off(one, return_url=RETURN),
        ask=("GET", "/form", None),
    ),
    Action(
        "reload",
        "shopify_storefront",
        "/schemas/reload",
        lambda portal, one: portal.operations.reload_schemas(one, known=None),
        is_read,
    ),
    Action(
        "tables",
        "salesforce_crm",
        "/schemas",
        lambda portal, one: portal.operations.choose_tables(one, first_table(portal, one)),
        is_off,
        method="PATCH",
    ),
]
BY_ROUTE = [action for action in ACTIONS if action.ask]
each_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)


class Gate(threading.Event):
    """Holds whatever the sandbox delays until it is opened, however short the delay."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(PATIENCE)


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[Runtime, SandboxServer]]:
    """The product's parts on a sandbox; each test begins with the world anew."""
    with SandboxServer() as server:
        started = runtimes.start(account_on(server, deletion_grace=0.0))
        yield started, server
        started.close()


@pytest.fixture
def house(account: tuple[Runtime, SandboxServer]) -> Runtime:
    house, server = account
    server.world.control.clear_faults()
    server.world.control.reset()
    house.cache.forget(f"connectors:{server.world.group_id}")
    return house


@pytest.fixture
def order(
    account: tuple[Runtime, SandboxServer], house: Runtime, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[Fault, Action, str], None]]:
    """Order a fault for the one write of an action; what is held is let go at the end."""
    control, session = account[1].world.control, house.client._request._session
    gate, noted = Gate(), threading.Event()
    send, note = session.request, control.log.add
    ordered: list[str] = []

    def strike(fault: Fault, action: Action, one: str) -> None:
        ordered.append(fault.id)
        path = f"/v1/connections/{one}{action.path}"
        if fault.id == "too_late":
            monkeypatch.setattr(session, "request", answered_too_late(send))
            return
        if fault.id == "delay":
            monkeypatch.setattr(control, "ended", gate)
            monkeypatch.setattr(session, "request", impatient(send))
            monkeypatch.setattr(
                control.log, "add", lambda **one: (note(**one), one["fault"] and noted.set())
            )
        control.order(fault.id, method=action.method, path=path, retry_after=WAIT)

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


def id_of(house: Runtime, action: Action) -> str:
    """The connector of an action; like a page, this knows the list before anything is done."""
    found = house.portal.connectors().items
    return next(one.id for one in found if one.schema_name == action.schema)


@pytest.mark.parametrize(
    "action", [one for one in ACTIONS if one.has], ids=lambda action: action.id
)
def test_without_a_fault_it_is_done(house: Runtime, action: Action):
    one = id_of(house, action)
    before = action.has(house.portal, one)

    action.do(house.portal, one)

    assert (before, action.has(house.portal, one)) == (False, True)


@each_fault
@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_what_goes_wrong_is_told_as_fivetran_has_it(
    house: Runtime, order: Callable[..., None], action: Action, fault: Fault
):
    one = id_of(house, action)
    order(fault, action, one)
    known_to_have_worked = fault.done and action.has is not None

    if known_to_have_worked:
        action.do(house.portal, one)
    else:
        with pytest.raises(fault.error) as caught:
            action.do(house.portal, one)
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == WAIT
            assert f"{WAIT} seconds" in str(caught.value)

    if action.has:
        assert action.has(house.portal, one) is fault.done


@each_fault
@pytest.mark.parametrize("action", BY_ROUTE, ids=lambda action: action.id)
def test_a_route_answers_as_fivetran_has_it(
    house: Runtime, order: Callable[..., None], action: Action, fault: Fault
):
    one = id_of(house, action)
    method, path, body = action.ask or ("", "", None)
    client: FlaskClient = create_app(lambda: house).test_client()
    order(fault, action, one)

    answer = client.open(f"/_/connectors/{one}{path}", method=method, json=body)

    if fault.done and action.has:
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json["error"]["code"]) == (fault.status, fault.code)
        assert (answer.headers.get("Retry-After") == str(WAIT)) is (fault.status == 429)
    if action.has:
        assert action.has(house.portal, one) is fault.done
