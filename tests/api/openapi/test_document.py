"""The OpenAPI document says what the routes do."""

import copy
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from pbf.api.openapi.document import CODES, VERSION, document
from pbf.api.openapi.operations import PARAMETER, Operation, operations
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.watch.incidents import new_event, new_incident
from tests.support.accounts import account_on
from tests.support.servers import ROOT
from tests.support.tenants import add_tenant, client_of, make_token, path_of, start_with_tenants
from tests.support.webhook_events import signed

API = "https://fivetran.example"
APP = create_app()
DOCUMENT = document(APP)
OPERATIONS = tuple(operations(APP))
# For people's browsers, not for programs.
HIDDEN = {
    *("/_/go/{link}", "/_/return", "/_/invite/{invitation}", "/_/invited"),
    "/_/status/{token}",
    *("/_/docs", "/_/docs/", "/_/docs/{name}", "/_/logo"),
    *("/_/sign-in", "/_/sign-in/{provider}", "/_/signed-in/{provider}"),
    *("/_/sign-out", "/_/signed-out", "/_/backchannel-logout/{provider}"),
    *("/_/sso", "/_/sso/{code}"),
    *("/_/tenant", "/_/look-as", "/_/show-api"),
}
Ask = Callable[..., TestResponse]
NAMES = [operation.name for operation in OPERATIONS]


def strict(components: dict[str, Any]) -> dict[str, Any]:
    """The components, allowing no other properties than the documented ones."""
    closed = copy.deepcopy(components)
    for schema in closed["schemas"].values():
        schema["additionalProperties"] = False
    return closed


STRICT = strict(DOCUMENT["components"])
WEBHOOK_SECRET = "a-secret-of-webhooks-0123456789-abcdef"
OF_SIGN_IN = ("/_/admin", "/_/me", "/_/sign-in-links")


@pytest.fixture
def settings(sandbox: SandboxServer) -> Settings:
    """An account whose webhooks are signed."""
    return account_on(sandbox, webhook_secrets=(WEBHOOK_SECRET,))


@pytest.fixture
def tenants(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Runtime]:
    """The product with sign-in."""
    runtime = start_with_tenants(sandbox, tmp_path)
    yield runtime
    runtime.close()


@pytest.fixture
def operator(tenants: Runtime) -> FlaskClient:
    """A client with a token of the operators, in the tenant acme."""
    return client_of(tenants, token=make_token(tenants, Role.OPERATOR, None), tenant_id="acme")


@pytest.fixture
def ask(
    client: FlaskClient,
    operator: FlaskClient,
    runtime: Runtime,
    tenants: Runtime,
    sandbox: SandboxServer,
) -> Ask:
    """Call an operation with the documented example as its body; a connector's on a working one.

    Those that need sign-in are called as an operator, on things that exist.
    """

    def call(operation: Operation, **options: Any) -> TestResponse:
        method = operation.method.upper()
        body = DOCUMENT["paths"][operation.path][operation.method].get("requestBody")
        if body:
            example = body["content"]["application/json"]["example"]
            if "group_id" in example:
                example = example | {"group_id": add_tenant(tenants, sandbox, "initech")}
            if "at" in example:
                example = example | {"at": later()}
            options.setdefault("json", example)
        if operation.path.startswith("/_/hooks/"):
            text = json.dumps(options.pop("json")).encode()
            options |= {"data": text, "content_type": "application/json"}
            options["headers"] = {"X-Fivetran-Signature-256": signed(text, WEBHOOK_SECRET)}
        if operation.path.startswith(OF_SIGN_IN):
            path = path_of(tenants, sandbox, method, operation.path)
            return operator.open(path, method=method, **options)
        connector_id = working(client)
        # What the list shows becomes part of the sync history in a thread of its own.
        runtime.timelines.lists.wait()
        path = operation.path.replace("{connector_id}", connector_id)
        if "{invitation_id}" in path:
            made = client.post(f"/_/connectors/{connector_id}/invitations", json={}).json
            path = path.replace("{invitation_id}", made["id"])
        if "{change_id}" in path:
            plan = {"action": "pause", "at": later(), "reason": "x"}
            made = client.post(f"/_/connectors/{connector_id}/planned-changes", json=plan).json
            path = path.replace("{change_id}", made["id"])
        if "{incident_id}" in path:
            path = path.replace("{incident_id}", open_incident(runtime))
        if operation.name == "removePromise":
            client.put("/_/promises", json={"scope": "tenant", "kind": "within", "hours": 4})
            path += "?scope=tenant"
        if "{channel_id}" in path:
            path = path_of_channel(client, path)
        return client.open(path, method=method, **options)

    return call


def later() -> str:
    """A time in an hour."""
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


def open_incident(runtime: Runtime) -> str:
    """The id of a new incident of many connectors."""
    row = new_incident(
        runtime.portal.tenant.group_id, "unreachable", "Away", target="away", opened_at=1.0
    )
    runtime.store.incidents.open(row, new_event(row.id, 1.0, "opened"))
    return row.id


def path_of_channel(client: FlaskClient, path: str) -> str:
    """The path of a route for a channel that was tested once, with ids of things that exist."""
    channels = client.get("/_/channels").json
    if not channels:
        new = {"kind": "webhook", "name": "Monitoring", "address": "https://127.0.0.1:1/"}
        channels = [client.post("/_/channels", json=new).json]
        client.post(f"/_/channels/{channels[0]['id']}/test", json={})
    channel_id = channels[0]["id"]
    (delivery,) = client.get(f"/_/channels/{channel_id}/deliveries").json
    return path.replace("{channel_id}", channel_id).replace("{delivery_id}", delivery["id"])


def working(client: FlaskClient) -> str:
    """The id of a connector that works."""
    return next(
        connector["id"]
        for connector in client.get("/_/connectors").json
        if connector["schema"] == "salesforce_crm"
    )


def problems(schema: dict[str, Any], value: Any) -> list[str]:
    validator = Draft202012Validator({**schema, "components": STRICT})
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]


def documented_response(operation: Operation, status: int) -> dict[str, Any]:
    documented = DOCUMENT["paths"][operation.path][operation.method]["responses"]
    assert str(status) in documented, f"{operation.name} does not document the status {status}"
    response: dict[str, Any] = documented[str(status)]
    return response


def assert_documented(operation: Operation, response: TestResponse) -> None:
    """The document has this status of this operation, and the response matches its schema."""
    documented = documented_response(operation, response.status_code)
    if response.status_code == 304:
        assert (response.data, "content" in documented) == (b"", False)
        return
    media = documented["content"][response.mimetype]
    assert problems(media["schema"], response.json if response.is_json else response.text) == []
    if response.status_code >= 400:
        assert response.json["error"]["code"] in media["examples"]


def named(name: str) -> Operation:
    return next(operation for operation in OPERATIONS if operation.name == name)


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)

    assert DOCUMENT["openapi"].startswith("3.1.")


def test_every_route_is_documented_and_no_other(app: Flask):
    routes = {
        (method.lower(), PARAMETER.sub(r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(method, path) for path, at in DOCUMENT["paths"].items() for method in at}

    assert described == {(method, path) for method, path in routes if path not in HIDDEN}
    assert {path for _, path in routes} >= HIDDEN


def test_the_document_has_the_version_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["version"] == VERSION


def test_the_document_is_served(client: FlaskClient):
    response = client.get("/_/openapi.json", headers={"Accept-Encoding": "br"})

    again = client.get(
        "/_/openapi.json",
        headers={"Accept-Encoding": "br", "If-None-Match": response.headers["ETag"]},
    )

    assert client.get("/_/openapi.json").json == DOCUMENT
    assert response.headers["Content-Encoding"] == "br"
    assert again.status_code == 304


def test_every_error_code_has_an_example_and_an_operation():
    examples = DOCUMENT["components"]["examples"]
    assert set(examples) == set(CODES)
    assert all(example["value"]["error"]["message"].endswith(".") for example in examples.values())

    # These belong to no operation.
    used = {code for operation in OPERATIONS for code in operation.errors}
    assert used == set(CODES) - {"not_found", "method_not_allowed", "bad_request"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_examples_match_their_schemas(operation: Operation):
    documented = DOCUMENT["paths"][operation.path][operation.method]
    contents = [response.get("content") for response in documented["responses"].values()]
    contents.append(documented.get("requestBody", {}).get("content"))

    for content in filter(None, contents):
        (media,) = content.values()
        values = [media["example"]] if "example" in media else []
        for reference in media.get("examples", {}).values():
            code = reference["$ref"].rpartition("/")[2]
            values.append(DOCUMENT["components"]["examples"][code]["value"])
        assert [problems(media["schema"], value) for value in values] == [[]] * len(values)
        assert values or operation.response is None


@pytest.mark.parametrize("operation", OPERATIONS, ids=NAMES)
def test_every_successful_response_is_as_documented(ask: Ask, operation: Operation):
    response = ask(operation)

    assert response.status_code == operation.status
    assert_documented(operation, response)


def test_every_state_of_a_connector_is_as_documented(client: FlaskClient):
    operation = named("getConnector")

    for connector in client.get("/_/connectors").json:
        assert_documented(operation, client.get(f"/_/connectors/{connector['id']}"))


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.has_etag],
    ids=lambda operation: operation.name,
)
def test_an_unchanged_response_is_as_documented(ask: Ask, operation: Operation):
    etag = ask(operation).headers["ETag"]

    response = ask(operation, headers={"If-None-Match": etag})

    assert response.status_code == 304
    assert_documented(operation, response)


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
        pytest.param("createToken", {"json": {"role": "viewer"}}, 400, id="token-name"),
        pytest.param("createToken", {"json": {"name": "x", "role": "operator"}}, 400, id="role"),
        pytest.param(
            "createMemberInvitation", {"json": {"email": "x", "role": "viewer"}}, 400, id="mail"
        ),
        pytest.param("changeMember", {"json": []}, 400, id="no-object"),
        pytest.param("listMembers", {"headers": {"Authorization": "Bearer x"}}, 401, id="no-token"),
        pytest.param("getMe", {"headers": {"Authorization": ""}}, 401, id="nobody"),
        pytest.param("getMe", {"headers": {"X-Tenant": "nonesuch"}}, 404, id="no-tenant"),
        pytest.param("putTenant", {"json": {"name": "I", "group_id": "x"}}, 409, id="other-group"),
        pytest.param("createSignInLink", {"json": {"tenant": "acme"}}, 400, id="no-user"),
        pytest.param("getForm", {"query_string": {"redirect_uri": "x"}}, 400, id="redirect"),
    ],
)
def test_every_refusal_is_as_documented(ask: Ask, name: str, options: dict[str, Any], status: int):
    operation = named(name)

    response = ask(operation, **options)

    assert response.status_code == status
    assert_documented(operation, response)


def test_a_conflict_with_the_present_state_is_as_documented(client: FlaskClient):
    operation = named("syncConnector")
    busy = next(
        connector["id"]
        for connector in client.get("/_/connectors").json
        if connector["status"]["sync_state"] == "syncing"
    )

    response = client.post(operation.path.replace("{connector_id}", busy))

    assert response.status_code == 409
    assert_documented(operation, response)


@pytest.mark.parametrize(
    "operation",
    [
        operation
        for operation in OPERATIONS
        if "fivetran_failed" in operation.errors and not operation.path.startswith(OF_SIGN_IN)
    ],
    ids=lambda operation: operation.name,
)
@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param({"status": 401, "json": {}}, 502, id="wrong-key"),
        pytest.param({"status": 429, "json": {}, "headers": {"Retry-After": "9"}}, 429, id="limit"),
        pytest.param({"body": responses.ConnectionError()}, 502, id="unreachable"),
    ],
)
def test_every_failure_of_fivetran_is_as_documented(
    remote: FlaskClient,
    api: responses.RequestsMock,
    operation: Operation,
    reply: dict[str, Any],
    status: int,
):
    api.get(re.compile(f"{API}/.*"), **reply)
    hook = {"kind": "webhook", "name": "x", "address": "https://a.example"}
    bodies = {
        "createConnector": {"service": "slack", "name": "x"},
        "createInvitation": {},
        "planChange": {"action": "pause", "reason": "x"},
        "putPromise": {"scope": "service", "target": "slack", "kind": "within", "hours": 4},
        "addChannel": {**hook, "scope": "connector", "target": "one"},
    }

    response = remote.open(
        operation.path.replace("{connector_id}", "one"),
        method=operation.method.upper(),
        json=bodies.get(operation.name, {"paused": True}),
    )

    assert response.status_code == status
    assert_documented(operation, response)


def test_only_public_operations_need_no_credentials():
    assert DOCUMENT["security"] == [{"token": []}, {"session": []}]
    open_to_all = {
        operation.name
        for operation in OPERATIONS
        if DOCUMENT["paths"][operation.path][operation.method].get("security") == []
    }

    assert open_to_all == {"getHealth", "getDescription", "receiveWebhook"}


def test_an_account_that_shows_no_such_group_is_refused_as_documented(
    operator: FlaskClient, sandbox: SandboxServer
):
    operation = named("putTenant")
    body = {"name": "Hooli", "group_id": "nonesuch"}

    response = operator.put("/_/admin/tenants/hooli", json=body)

    assert response.status_code == 400
    assert_documented(operation, response)
    sandbox.stop()
    response = operator.put("/_/admin/tenants/hooli", json=body)
    assert response.status_code == 502
    assert_documented(operation, response)
