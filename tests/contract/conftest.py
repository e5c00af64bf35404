"""The definition, and a world whose responses are validated against it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from pbf.sandbox.app import create_app
from pbf.sandbox.sandbox import Sandbox
from tests.contract import definition as official
from tests.contract.definition import Operation
from tests.contract.sample_world import START
from tests.support.requirements import DEFINITION

SELECTIONS: dict[str, Callable[[Operation], bool]] = {
    "any_operation": lambda _: True,
    "closed_operation": lambda operation: operation.path.startswith("/v1/"),
    "operation_on_something": lambda operation: bool(operation.parameters),
    "operation_with_body": lambda operation: operation.takes_body,
}


class Api:
    """A client with the world's key, for whole paths."""

    def __init__(self, client: FlaskClient, world: Sandbox) -> None:
        self.client = client
        self.auth: tuple[str, str] | None = (world.api_key, world.api_secret)

    def send(self, method: str, path: str, **options: Any) -> Any:
        return self.client.open(path, method=method, **{"auth": self.auth, **options})

    def get(self, path: str, **query: Any) -> Any:
        return self.send("GET", path, query_string=query)

    def post(self, path: str, body: Any = None) -> Any:
        return self.send("POST", path, json=body)


@pytest.fixture
def definition() -> Any:
    """The official definition; without it the test is skipped, or fails in CI."""
    return official.definition()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for every operation that its argument selects."""
    for name, selects in SELECTIONS.items():
        if name in metafunc.fixturenames:
            selected = [None]
            if DEFINITION.exists():
                selected = [operation for operation in official.operations() if selects(operation)]
            metafunc.parametrize(name, selected, ids=str)


@pytest.fixture
def world() -> Sandbox:
    return Sandbox(clock=lambda: START)


@pytest.fixture
def api(world: Sandbox) -> Api:
    world.limits.plan = "off"
    return Api(create_app(world).test_client(), world)
