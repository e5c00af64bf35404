"""A world with a stopped clock, and clients of its API."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from pbf.sandbox.app import create_app
from pbf.sandbox.sandbox import Sandbox

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


class Api:
    """A client with the world's key, for paths below `/v1`."""

    def __init__(self, client: FlaskClient, world: Sandbox) -> None:
        self.client = client
        self.auth = (world.api_key, world.api_secret)

    def send(self, method: str, path: str, **options: Any) -> Any:
        return self.client.open(f"/v1{path}", method=method, auth=self.auth, **options)

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, query_string=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("POST", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, json=body)

    def data(self, path: str, **query: Any) -> Any:
        return self.get(path, **query).json["data"]

    def pages(self, path: str, limit: int) -> list[list[dict[str, Any]]]:
        pages, cursor = [], None
        while True:
            query = {"limit": limit} if cursor is None else {"limit": limit, "cursor": cursor}
            page = self.data(path, **query)
            pages.append(page["items"])
            cursor = page.get("next_cursor")
            if cursor is None:
                return pages


@pytest.fixture
def world() -> Sandbox:
    return Sandbox(clock=lambda: START)


@pytest.fixture
def client(world: Sandbox) -> FlaskClient:
    return create_app(world).test_client()


@pytest.fixture
def api(client: FlaskClient, world: Sandbox) -> Api:
    return Api(client, world)


@pytest.fixture
def create(api: Api, world: Sandbox) -> Callable[..., dict[str, Any]]:
    """Create a connection of a service, by default with a Connect Card."""

    def make(service: str = "google_sheets", config: Any = None, **fields: Any) -> dict[str, Any]:
        body: dict[str, Any] = {
            "group_id": world.group_id,
            "service": service,
            "run_setup_tests": False,
            "connect_card_config": {"redirect_uri": "https://vendor.example/back?state=s1"},
            "config": config or {"schema": "plan", "table": "targets"},
            **fields,
        }
        answer = api.post("/connections", {k: v for k, v in body.items() if v is not None})
        assert answer.status_code == 201, answer.json
        return answer.json["data"]

    return make


@pytest.fixture
def seeded(api: Api) -> Callable[[str], dict[str, Any]]:
    """Find a seeded connection by its schema."""

    def find(schema: str) -> dict[str, Any]:
        return api.data("/connections", schema=schema)["items"][0]

    return find
