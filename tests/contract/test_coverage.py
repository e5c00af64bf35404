"""How much of the definition is imitated, and how the rest answers."""

import re
from typing import Any

import pytest

from pbf.sandbox.routes.legacy import TODAY
from tests.contract.definition import Operation, operations, problems
from tests.contract.furniture import DATABASE, furnished, imitated, send, stand_in
from tests.contract.relaxations import ANNOUNCED, AS_LIST, RELAXATIONS, places
from tests.support.requirements import DEFINITION, load_reference

pytestmark = pytest.mark.usefixtures("definition")

OLDER = {
    "/v1/connections": "/v1/connectors",
    "/v1/metadata/connector-types": "/v1/metadata/connectors",
}


def path_of(operation: Operation) -> str:
    return operation.at(**dict.fromkeys(operation.parameters, "nobody"))


def standing(kind: str) -> list[Operation]:
    return [operation for operation in operations() if stand_in(operation) == kind]


def test_at_least_45_operations_are_imitated():
    assert len(imitated()) >= 45
    assert len(operations()) == 169


def test_what_is_not_imitated_answers_501_with_method_and_path():
    world = furnished()

    for operation in standing("refuse"):
        path = path_of(operation)
        answer = send(world, operation.method, path, json={})

        assert answer.status_code == 501
        assert answer.json["code"] == "NotImplemented"
        assert f"{operation.method} {path}" in answer.json["message"]


def test_what_is_not_imitated_still_wants_the_key():
    world = furnished()

    for operation in (*standing("refuse"), *standing("find"), *standing("list")):
        answer = send(world, operation.method, path_of(operation), auth=None, json={})

        assert answer.status_code == 401


def test_lists_that_are_always_empty_are_as_the_definition_says():
    world = furnished()

    for operation in standing("list"):
        answer = send(world, operation.method, operation.path)

        assert answer.status_code == 200
        assert problems(operation, 200, answer.json) == []
        assert answer.json["data"] == {"items": []}


def test_what_is_never_there_is_404_and_names_its_kind():
    world = furnished()

    for operation in standing("find"):
        answer = send(world, operation.method, path_of(operation), json={})

        assert answer.status_code == 404
        assert answer.json["code"].startswith("NotFound_")
        assert problems(operation, 404, answer.json) == []


def older_paths(path: str) -> str:
    for newer, older in OLDER.items():
        if path.startswith(newer):
            return older + path.removeprefix(newer)
    return re.sub(r"^(/v1/(groups|users)/[^/]+)/connections", r"\1/connectors", path)


def older_operations() -> list[Operation]:
    return [
        each for each in imitated() if each.method == "GET" and older_paths(each.path) != each.path
    ]


def test_the_older_paths_answer_the_same():
    world = furnished()
    values = {
        "connectionId": DATABASE,
        "groupId": world.group_id,
        "userId": world.owner_id,
        "service": "hubspot",
        "schema": "public",
        "table": "customers",
    }

    asked = older_operations()

    assert len(asked) > len(TODAY)
    for operation in asked:
        path = operation.at(**{name: values.get(name, "x") for name in operation.parameters})
        now, then = (send(world, "GET", each) for each in (path, older_paths(path)))
        assert then.status_code == now.status_code, path
        assert without_message(then.json) == without_message(now.json), path


def without_message(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in ("message", "code")}


@pytest.mark.parametrize("relaxation", RELAXATIONS, ids=lambda each: each.at)
def test_every_relaxation_is_still_needed(relaxation):
    published = load_reference(DEFINITION)["components"]["schemas"]

    found = list(places(published, relaxation.at))

    assert found
    for place in found:
        assert any(place.get(key) != value for key, value in relaxation.change.items())


def test_operations_with_an_exception_are_those_of_the_definition_or_not_in_it():
    known = set(operations())

    assert set(AS_LIST) <= known
    assert not set(ANNOUNCED) & known


def test_a_limit_that_is_used_up_answers_429_and_says_how_long_to_wait():
    world = furnished()
    world.rate_limit = 1
    send(world, "GET", "/v1/groups")

    answer = send(world, "GET", "/v1/groups")

    assert answer.status_code == 429
    assert answer.json["code"] == "TooManyRequests"
    assert int(answer.headers["Retry-After"]) > 0
    assert int(answer.headers["X-Rate-Limit-Remaining"]) == 0
