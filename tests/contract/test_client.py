"""Every request that our client sends is as the definition says, and so is every answer."""

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from pbf.fivetran.client import ApiClient
from pbf.fivetran.transport import Request
from pbf.sandbox.catalogue.services import services
from tests.contract.definition import Operation, operation_for, problems, request_problems
from tests.contract.furniture import DATABASE, furnished, send
from tests.contract.relaxations import ANNOUNCED

pytestmark = pytest.mark.usefixtures("definition")

URL = "https://api.fivetran.example"
GROUP, BACK = "sandy_harbour", "https://vendor.example/back"
FIRST = ("public", "orders")

CALLS: dict[str, Callable[[ApiClient], Any]] = {
    "get_account": lambda client: client.get_account(),
    "get_group": lambda client: client.get_group(GROUP),
    "get_destination": lambda client: client.get_destination(GROUP),
    "get_metadata": lambda client: list(client.get_metadata()),
    "get_service": lambda client: client.get_service("google_ads"),
    "get_list_of_connectors_in_group": lambda client: [
        *client.get_list_of_connectors_in_group(GROUP),
        *client.get_list_of_connectors_in_group(GROUP, schema="webshop"),
    ],
    "get_connector": lambda client: client.get_connector(DATABASE),
    "create_connector": lambda client: [
        client.create_connector("google_sheets", GROUP, "one"),
        client.create_connector("google_sheets", GROUP, "two", redirect_uri=BACK),
    ],
    "update_connector": lambda client: [
        client.update_connector(DATABASE, paused=True),
        client.update_connector(DATABASE, sync_frequency=1440, daily_sync_time="14:00"),
        client.update_connector(DATABASE, schedule_type="manual"),
    ],
    "delete_connector": lambda client: client.delete_connector(DATABASE),
    "sync_connector": lambda client: client.sync_connector(DATABASE),
    "resync_connector": lambda client: client.resync_connector(DATABASE),
    "test_connector": lambda client: client.test_connector(DATABASE),
    "get_sync_history": lambda client: list(
        client.get_sync_history(
            DATABASE, since=datetime.now(UTC) - timedelta(days=7), until=datetime.now(UTC)
        )
    ),
    "get_errors": lambda client: list(client.get_errors(DATABASE)),
    "get_schemas": lambda client: client.get_schemas(DATABASE),
    "reload_schemas": lambda client: client.reload_schemas(DATABASE),
    "update_schemas": lambda client: [
        client.update_schemas(DATABASE, {FIRST: False}),
        client.update_schemas(DATABASE, {FIRST: True}),
    ],
    "get_connect_card_url_for_connector": lambda client: client.get_connect_card_url_for_connector(
        DATABASE, redirect_uri=BACK
    ),
}


class Exchange(NamedTuple):
    """One request of the client, and what the sandbox answered."""

    method: str
    path: str
    query: dict[str, Any]
    body: Any
    status: int
    answer: Any

    @property
    def operation(self) -> Operation | None:
        return operation_for(self.method, self.path)


@pytest.fixture
def exchanges() -> Iterator[list[Exchange]]:
    """What a client sends from now on; the furnished world answers."""
    world, seen = furnished(), []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url or "")
        options = {"data": request.body, "headers": dict(request.headers), "auth": None}
        given = send(world, request.method or "", f"{parts.path}?{parts.query}", **options)
        body = None if request.body is None else requests.compat.json.loads(request.body)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        one = (request.method or "", parts.path, query, body, given.status_code, given.json)
        seen.append(Exchange(*one))
        return given.status_code, {}, given.text

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            mock.add_callback(method, re.compile(f"{URL}/.*"), answer, "application/json")
        yield seen


@pytest.fixture
def client() -> Iterator[ApiClient]:
    world = furnished()
    opened = ApiClient(Request(URL, world.api_key, world.api_secret, timeout=5))
    yield opened
    opened.close()


def test_every_method_of_the_client_is_called_here():
    methods = inspect.getmembers(ApiClient, inspect.isfunction)

    public = {name for name, _ in methods if not name.startswith("_")}

    assert public - {"close", "admitted_by"} == set(CALLS)


@pytest.mark.parametrize("method", CALLS)
def test_what_a_method_sends_and_gets_is_as_the_definition_says(client, exchanges, method):
    CALLS[method](client)

    assert exchanges
    for each in exchanges:
        if each.operation is None:
            announced = {(on, re.sub(r"\{\w+\}", DATABASE, path)) for on, path in ANNOUNCED}
            assert (each.method, each.path) in announced
        else:
            assert request_problems(each.operation, each.body, each.query) == [], each
            assert problems(each.operation, each.status, each.answer) == [], each


def test_what_the_client_sends_to_create_each_of_the_services_is_as_the_definition_says(
    client, exchanges
):
    for service in (name for name, one in services().items() if one.api_configurable):
        client.create_connector(service, GROUP, f"my_{service}", redirect_uri=BACK)

    created = [each for each in exchanges if each.method == "POST"]
    assert len(created) == 770
    for each in exchanges:
        assert each.operation is not None
        assert request_problems(each.operation, each.body, each.query) == [], each.body
        assert problems(each.operation, each.status, each.answer) == [], each.body
