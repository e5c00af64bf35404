"""How much of the definition is imitated, its legacy paths, and what contradicts it."""

import re
from typing import Any

import pytest

from pbf.sandbox.routes.legacy import CURRENT_PATHS
from tests.contract.definition import Operation, operations
from tests.contract.endpoints import state
from tests.contract.relaxations import (
    ANNOUNCED,
    AS_CREATED,
    AS_FILE,
    AS_LIST,
    RELAXATIONS,
    WITHOUT_ENVELOPE,
    places,
)
from tests.contract.sample_world import DATABASE, sample_world, send
from tests.support.requirements import DEFINITION, load_reference

pytestmark = pytest.mark.usefixtures("definition")

LEGACY = {
    "/v1/connections": "/v1/connectors",
    "/v1/metadata/connector-types": "/v1/metadata/connectors",
}


def test_at_least_155_operations_are_imitated_wholly():
    wholly = [operation for operation in operations() if state(operation) == "yes"]

    assert len(wholly) >= 155
    assert len(operations()) == 169


def legacy_path(path: str) -> str:
    for current, legacy in LEGACY.items():
        if path.startswith(current):
            return legacy + path.removeprefix(current)
    return re.sub(r"^(/v1/(groups|users)/[^/]+)/connections", r"\1/connectors", path)


def legacy_operations() -> list[Operation]:
    return [
        operation
        for operation in operations()
        if operation.method == "GET" and legacy_path(operation.path) != operation.path
    ]


def test_the_legacy_paths_answer_the_same():
    world = sample_world()
    values = {
        "connectionId": DATABASE,
        "groupId": world.group_id,
        "userId": world.owner_id,
        "service": "hubspot",
        "schema": "public",
        "table": "customers",
    }

    legacy = legacy_operations()

    assert len(legacy) > len(CURRENT_PATHS)
    for operation in legacy:
        path = operation.at(**{name: values.get(name, "x") for name in operation.parameters})
        now, before = (send(world, "GET", url) for url in (path, legacy_path(path)))
        assert before.status_code == now.status_code, path
        assert without_message(before.json) == without_message(now.json), path


def without_message(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in ("message", "code")}


@pytest.mark.parametrize("relaxation", RELAXATIONS, ids=lambda relaxation: relaxation.at)
def test_every_relaxation_is_still_needed(relaxation):
    published = load_reference(DEFINITION)["components"]["schemas"]

    nodes = list(places(published, relaxation.at))

    assert nodes
    for place in nodes:
        assert any(place.get(key) != value for key, value in relaxation.change.items())


def test_exceptions_for_operations_match_the_definition():
    declared = set(operations())

    assert {*AS_LIST, *AS_CREATED, *AS_FILE, *WITHOUT_ENVELOPE} <= declared
    assert not set(ANNOUNCED) & declared


def test_an_exhausted_limit_is_a_429_with_the_seconds_to_wait():
    world = sample_world()
    world.limits.hourly = 1
    send(world, "GET", "/v1/groups")

    answer = send(world, "GET", "/v1/groups")

    assert answer.status_code == 429
    assert answer.json["code"] == "TooManyRequests"
    assert int(answer.headers["Retry-After"]) > 0
    assert int(answer.headers["X-Rate-Limit-Remaining"]) == 0
