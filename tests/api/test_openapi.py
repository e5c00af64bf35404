"""The description of the JSON door says what the door does."""

import copy
import re
import tomllib
from typing import Any

import pytest
import responses
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from pbf.api.openapi import CODES, VERSION, document
from pbf.api.openapi_routes import MESSAGES, OPERATIONS, Operation
from tests.support.accounts import API
from tests.support.servers import ROOT

DOCUMENT = document()
# For people's browsers, not for programs.
HIDDEN = {
    *("/_/go/{ticket}", "/_/return", "/_/invite/{invitation}", "/_/invited"),
    *("/_/docs", "/_/docs/", "/_/docs/{name}"),
}
NAMES = [operation.name for operation in OPERATIONS]


def strict(components: dict[str, Any]) -> dict[str, Any]:
    """The components, with nothing allowed that they do not name."""
    closed = copy.deepcopy(components)
    for schema in closed["schemas"].values():
        schema["additionalProperties"] = False
    return closed


STRICT = strict(DOCUMENT["components"])


def troubles(schema: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator({**schema, "components": STRICT})
    return [f"{list(one.path)}: {one.message}" for one in validator.iter_errors(value)]


def described(operation: Operation, status: int) -> dict[str, Any]:
    answers = DOCUMENT["paths"][operation.path][operation.method]["responses"]
    assert str(status) in answers, f"{operation.name} does not say that it may answer {status}"
    found: dict[str, Any] = answers[str(status)]
    return found


def assert_described(operation: Operation, answer: TestResponse) -> None:
    """The description names this status of this operation, and the answer is of its schema."""
    found = described(operation, answer.status_code)
    if answer.status_code == 304:
        assert (answer.data, "content" in found) == (b"", False)
        return
    said = found["content"][answer.mimetype]
    assert troubles(said["schema"], answer.json if answer.is_json else answer.text) == []
    if answer.status_code >= 400:
        assert answer.json["error"]["code"] in said["examples"]


def ask(client: FlaskClient, operation: Operation, **options: Any) -> TestResponse:
    """Do an operation to a connector that is well, with the body of the example."""
    working = next(
        one["id"] for one in client.get("/_/connectors").json if one["schema"] == "salesforce_crm"
    )
    body = DOCUMENT["paths"][operation.path][operation.method].get("requestBody")
    if body:
        options.setdefault("json", body["content"]["application/json"]["example"])
    path = operation.path.replace("{connector_id}", working)
    return client.open(path, method=operation.method.upper(), **options)


def test_the_description_is_valid_openapi():
    validate(DOCUMENT)

    assert DOCUMENT["openapi"].startswith("3.1.")


def test_every_route_is_described_and_no_other(app: Flask):
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(method, path) for path, at in DOCUMENT["paths"].items() for method in at}

    assert described == {(method, path) for method, path in routes if path not in HIDDEN}
    assert {path for _, path in routes} >= HIDDEN


def test_the_description_is_of_the_present_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["version"] == VERSION


def test_the_description_is_served(client: FlaskClient):
    answer = client.get("/_/openapi.json", headers={"Accept-Encoding": "br"})

    again = client.get(
        "/_/openapi.json",
        headers={"Accept-Encoding": "br", "If-None-Match": answer.headers["ETag"]},
    )

    assert client.get("/_/openapi.json").json == DOCUMENT
    assert answer.headers["Content-Encoding"] == "br"
    assert again.status_code == 304


def test_every_error_has_a_sentence_for_example_and_a_place():
    assert set(MESSAGES) == set(CODES)

    # The others belong to no route.
    used = {code for operation in OPERATIONS for code in operation.errors}
    assert used == set(CODES) - {"not_found", "method_not_allowed", "bad_request"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_examples_are_of_the_schemas_they_stand_beside(operation: Operation):
    said = DOCUMENT["paths"][operation.path][operation.method]
    contents = [answer.get("content") for answer in said["responses"].values()]
    contents.append(said.get("requestBody", {}).get("content"))

    for content in filter(None, contents):
        (media,) = content.values()
        values = [media["example"]] if "example" in media else []
        for reference in media.get("examples", {}).values():
            code = reference["$ref"].rpartition("/")[2]
            values.append(DOCUMENT["components"]["examples"][code]["value"])
        assert [troubles(media["schema"], value) for value in values] == [[]] * len(values)
        assert values or operation.answer is None


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_what_a_route_answers_is_as_described(client: FlaskClient, operation: Operation):
    answer = ask(client, operation)

    assert answer.status_code == 200
    assert_described(operation, answer)


def test_every_connector_is_as_described_in_whatever_state(client: FlaskClient):
    operation = next(one for one in OPERATIONS if one.name == "getConnector")

    for one in client.get("/_/connectors").json:
        assert_described(operation, client.get(f"/_/connectors/{one['id']}"))


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.kept], ids=lambda one: one.name
)
def test_what_the_caller_has_already_is_as_described(client: FlaskClient, operation: Operation):
    etag = ask(client, operation).headers["ETag"]

    answer = ask(client, operation, headers={"If-None-Match": etag})

    assert answer.status_code == 304
    assert_described(operation, answer)


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        pytest.param("createConnector", {"json": {}}, 400, id="no-service"),
        pytest.param("createConnector", {"json": {"service": "slack"}}, 400, id="no-name"),
        pytest.param("createConnector", {"json": {"service": "x", "name": "x"}}, 404, id="service"),
        pytest.param("changeConnector", {"json": {}}, 400, id="empty"),
        pytest.param("changeConnector", {"json": {"paused": "x"}}, 400, id="wrong"),
        pytest.param(
            "changeConnector",
            {"data": "{", "content_type": "application/json", "json": None},
            400,
            id="cut-off",
        ),
        pytest.param(
            "changeConnector",
            {"data": " " * 65537, "content_type": "application/json", "json": None},
            413,
            id="large",
        ),
        pytest.param("syncConnector", {"data": "x", "content_type": "text/plain"}, 415, id="text"),
        pytest.param("deleteConnector", {"headers": {"Origin": "null"}}, 403, id="foreign"),
        pytest.param("deleteConnector", {"query_string": {"now": "x"}}, 400, id="flag"),
        pytest.param("createConnector", {"headers": {"Origin": "null"}}, 403, id="foreign-page"),
        pytest.param("listConnectors", {"query_string": {"status": "x"}}, 400, id="status"),
        pytest.param("getForm", {"query_string": {"redirect_uri": "x"}}, 400, id="redirect"),
    ],
)
def test_what_a_route_refuses_is_as_described(
    client: FlaskClient, name: str, options: dict[str, Any], status: int
):
    operation = next(one for one in OPERATIONS if one.name == name)

    answer = ask(client, operation, **options)

    assert answer.status_code == status
    assert_described(operation, answer)


def test_what_cannot_work_now_is_as_described(client: FlaskClient):
    operation = next(one for one in OPERATIONS if one.name == "syncConnector")
    busy = next(
        one["id"]
        for one in client.get("/_/connectors").json
        if one["status"]["sync_state"] == "syncing"
    )

    answer = client.post(operation.path.replace("{connector_id}", busy))

    assert answer.status_code == 409
    assert_described(operation, answer)


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if "fivetran_failed" in one.errors],
    ids=lambda one: one.name,
)
@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param({"status": 401, "json": {}}, 502, id="wrong-key"),
        pytest.param({"status": 429, "json": {}, "headers": {"Retry-After": "9"}}, 429, id="limit"),
        pytest.param({"body": responses.ConnectionError()}, 502, id="unreachable"),
    ],
)
def test_what_fivetran_refuses_or_fails_is_as_described(
    remote: FlaskClient,
    api: responses.RequestsMock,
    operation: Operation,
    reply: dict[str, Any],
    status: int,
):
    api.get(re.compile(f"{API}/.*"), **reply)
    body = {"service": "slack", "name": "x"} if operation.name == "createConnector" else None

    answer = remote.open(
        operation.path.replace("{connector_id}", "one"),
        method=operation.method.upper(),
        json=body or {"paused": True},
    )

    assert answer.status_code == status
    assert_described(operation, answer)
