"""What every operation refuses: wrong keys, missing resources, invalid requests."""

import json
import re
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import HealthCheck, given

from tests.contract.definition import Operation, allows, problems, request_schema
from tests.contract.generation import malformed
from tests.contract.sample_world import (
    existing_path,
    resources,
    send,
    unchanged_world,
    values_in_path,
)
from tests.support.draws import cases

pytestmark = pytest.mark.usefixtures("definition")

ALL = tuple(HealthCheck)
SCHEMAS = re.compile(r"/schemas|/resync$")  # whose bodies may name missing tables
NO_OBJECTS = (
    b"{",
    b"  ",
    b"nonsense",
    b"[]",
    b'"text"',
    b"7",
    b"null",
    "\ud83d".encode("utf-8", "surrogatepass"),
    b"[" * 100_000,
)
KINDS = {
    "agentId": "NotFound_RemoteExecutionAgent",
    "esmId": "NotFound",
    "logId": "NotFound_LogService",
    "package_definition_id": "NotFound_Package",
    "package_id": "NotFound_ConnectorSdkPackage",
    "privateLinkId": "NotFound_PrivateLink",
    "projectId": "NotFound_TransformationProject",
    "transformationId": "NotFound_Transformation",
    "connectionId": "NotFound_Connection",
    "destinationId": "NotFound_Destination",
    "groupId": "NotFound_Group",
    "keyId": "NotFound_SystemKey",
    "teamId": "NotFound_Team",
    "id": "NotFound",
    "service": "NotFound_ConnectorType",
    "userId": "NotFound",
    "webhookId": "NotFound",
}


def test_without_the_right_key_the_answer_is_always_401(closed_operation: Operation):
    world = unchanged_world()
    path, body = existing_path(closed_operation), {"json": {}}
    before = resources(world)
    wrong_key = b64encode(b"nobody:nothing").decode()
    headers = [
        {},
        {"Authorization": f"Basic {wrong_key}"},
        {"Authorization": "Basic ***"},
        {"Authorization": f"Bearer {world.api_key}"},
        {"Authorization": b64encode(f"{world.api_key}:{world.api_secret}".encode()).decode()},
    ]

    for wrong_headers in headers:
        options = {"auth": None, "headers": wrong_headers, **body}
        answer = send(world, closed_operation.method, path, **options)

        assert answer.status_code == 401
        assert answer.json["message"] == "Invalid authorization credentials"
        assert problems(closed_operation, 401, answer.json) == []
    assert resources(world) == before


def test_a_missing_id_is_a_404_with_its_kind(operation_on_something: Operation):
    operation = operation_on_something
    world = unchanged_world()
    first = operation.parameters[0]
    values = {name: values_in_path(operation, name)[0] for name in operation.parameters}
    body = {"json": minimal_body(operation)} if operation.takes_body else {}
    is_of_proxy = operation.path.startswith("/v1/proxy")

    answer = send(world, operation.method, operation.at(**{**values, first: "nobody"}), **body)

    assert answer.status_code == 404
    assert answer.json["code"] == ("NotFound" if is_of_proxy else KINDS[first])
    # The definition's own text for a proxy agent does not name it.
    assert ("Proxy Agent" if is_of_proxy else "nobody") in answer.json["message"]
    assert problems(operation, 404, answer.json) == []


def minimal_body(operation: Operation) -> dict[str, Any]:
    """The smallest valid body."""
    schema = request_schema(operation)
    samples = {"string": "sync_end", "boolean": True, "object": {}, "array": ["sync_end"]}
    return {
        name: schema["properties"][name].get("enum", [samples[schema["properties"][name]["type"]]])[
            0
        ]
        for name in schema.get("required", ())
    }


def test_a_body_that_is_not_a_json_object_is_a_400(operation_with_body: Operation):
    world = unchanged_world()
    path, headers = existing_path(operation_with_body), {"Content-Type": "application/json"}
    before = resources(world)

    for text in NO_OBJECTS:
        answer = send(world, operation_with_body.method, path, data=text, headers=headers)

        assert answer.status_code == 400, text[:20]
        assert problems(operation_with_body, 400, answer.json) == []
    assert resources(world) == before


def test_a_body_without_a_json_content_type_is_a_415(operation_with_body: Operation):
    world = unchanged_world()
    path = existing_path(operation_with_body)

    answer = send(world, operation_with_body.method, path, data={"paused": "true"})

    assert answer.status_code == 415
    assert problems(operation_with_body, 415, answer.json) == []


def test_a_request_that_does_not_accept_json_is_a_406(closed_operation: Operation):
    headers = {"Accept": "text/html"}

    answer = send(
        unchanged_world(), closed_operation.method, existing_path(closed_operation), headers=headers
    )

    assert answer.status_code == 406
    assert problems(closed_operation, 406, answer.json) == []


def test_an_invalid_body_is_a_400(operation_with_body: Operation):
    operation = operation_with_body
    expected = {400, 404, 409} if SCHEMAS.search(operation.path) else {400}

    @cases(30, suppress_health_check=ALL)
    @given(case=malformed(operation))
    def run(case: Any) -> None:
        answer = sent(operation, case.body)
        assert answer.status_code < 500
        assert problems(operation, answer.status_code, answer.json) == []
        if isinstance(case.body, bytes) or not allows(operation, case.body):
            assert answer.status_code in expected, answer.json

    run()


def sent(operation: Operation, body: Any) -> Any:
    path, headers = existing_path(operation), {"Content-Type": "application/json"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(unchanged_world(), operation.method, path, data=data, headers=headers)
