"""Every request that our client sends is valid by the definition, and so is every response."""

import inspect
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.sandbox.catalogue.services import services
from tests.contract.definition import Operation, operation_for, problems, request_problems
from tests.contract.relaxations import ANNOUNCED
from tests.contract.sample_world import DATABASE, START, sample_world, send

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
    "get_connectors": lambda client: list(client.get_connectors()),
    "get_connectors_of_account": lambda client: client.get_connectors_of_account(
        [GROUP], max_pages=5
    ),
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
        client.get_sync_history(DATABASE, since=START - timedelta(days=7), until=START)
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
    """One request of the client and the sandbox's response."""

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
    """The requests that a client sends to the sample world, with their responses."""
    world, recorded = sample_world(), []

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        parts = urlsplit(request.url or "")
        options = {"data": request.body, "headers": dict(request.headers), "auth": None}
        response = send(world, request.method or "", f"{parts.path}?{parts.query}", **options)
        body = None if request.body is None else requests.compat.json.loads(request.body)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        result = (response.status_code, response.json)
        recorded.append(Exchange(request.method or "", parts.path, query, body, *result))
        return response.status_code, {}, response.text

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("GET", "POST", "PATCH", "DELETE"):
            mock.add_callback(method, re.compile(f"{URL}/.*"), answer, "application/json")
        yield recorded


@pytest.fixture
def client() -> Iterator[ApiClient]:
    world = sample_world()
    opened = ApiClient(Request(URL, world.api_key, world.api_secret, timeout=5))
    yield opened
    opened.close()


def test_every_method_of_the_client_is_called_here():
    methods = inspect.getmembers(ApiClient, inspect.isfunction)

    public = {name for name, _ in methods if not name.startswith("_")}

    assert public - {"close", "admitted_by", "now", "confirmed_time"} == set(CALLS)


@pytest.mark.parametrize("method", CALLS)
def test_requests_and_responses_of_a_method_are_valid(client, exchanges, method):
    CALLS[method](client)

    assert exchanges
    for exchange in exchanges:
        if exchange.operation is None:
            announced = {(on, re.sub(r"\{\w+\}", DATABASE, path)) for on, path in ANNOUNCED}
            assert (exchange.method, exchange.path) in announced
        else:
            assert request_problems(exchange.operation, exchange.body, exchange.query) == [], (
                exchange
            )
            assert problems(exchange.operation, exchange.status, exchange.answer) == [], exchange


def test_the_requests_that_create_each_service_are_valid(client, exchanges):
    for service in (service.id for service in services().values() if service.api_configurable):
        client.create_connector(service, GROUP, f"my_{service}", redirect_uri=BACK)

    created = [exchange for exchange in exchanges if exchange.method == "POST"]
    assert len(created) == 770
    for exchange in exchanges:
        assert exchange.operation is not None
        assert request_problems(exchange.operation, exchange.body, exchange.query) == [], (
            exchange.body
        )
        assert problems(exchange.operation, exchange.status, exchange.answer) == [], exchange.body
