"""Generated requests to the JSON API: none leads to a 5xx."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from pbf.api.openapi.document import document
from pbf.config import Settings
from pbf.fivetran.http.transport import Request
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.rules.permanent_names import MAX_LENGTH
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.properties.plan import planned
from tests.support.tenants import client_of, make_token, path_of, start_with_tenants

DOCUMENT = document(create_app())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method.upper(), path) for path, at in DOCUMENT["paths"].items() for method in at]
# Those that only mean something with sign-in.
OF_SIGN_IN = [
    (method, path)
    for method, path in OPERATIONS
    if path.startswith(("/_/admin", "/_/me", "/_/sign-in-links"))
]
WITH_BODY = [("POST", "/_/connectors"), ("PATCH", "/_/connectors/{connector_id}")]
VALID = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
TYPES = ("application/json", "application/json; charset=utf-16", "text/plain", "nonsense", "")
TYPED = some.text(max_size=120)
# A slash is never part of a token.
TOKENS = some.text(some.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=60)


def named(operations: list[tuple[str, str]]) -> Any:
    return pytest.mark.parametrize(
        ("method", "path"), operations, ids=[" ".join(operation) for operation in operations]
    )


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An account without limits on clients."""
    return replace(settings, create_limit="", action_limit="", total_action_limit="")


@pytest.fixture
def client(runtime: Runtime, sandbox: SandboxServer) -> FlaskClient:
    """The routes, on a sandbox without rate limits."""
    sandbox.world.limits.plan = "off"
    return create_app(lambda: runtime).test_client()


@pytest.fixture
def operator(sandbox: SandboxServer, tmp_path: Path) -> Iterator[tuple[Runtime, FlaskClient]]:
    """The product with sign-in, and a client of the operators in the tenant acme."""
    sandbox.world.limits.plan = "off"
    runtime = start_with_tenants(sandbox, tmp_path)
    token = make_token(runtime, Role.OPERATOR, None)
    yield runtime, client_of(runtime, token=token, tenant_id="acme")
    runtime.close()


@pytest.fixture
def created(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The bodies of all creations that were sent to Fivetran."""
    bodies: list[dict[str, Any]] = []
    send = Request.send

    def recorded(self: Request, method: str, path: str, **options: Any) -> Any:
        if (method, path) == ("POST", "/connections"):
            bodies.append(options["body"])
        return send(self, method, path, **options)

    monkeypatch.setattr(Request, "send", recorded)
    return bodies


def paths(client: FlaskClient, path: str) -> list[str]:
    """The paths of an operation for existing connectors."""
    ids = [connector["id"] for connector in client.get("/_/connectors").json]
    return [path.replace("{connector_id}", id_) for id_ in ids] if "{" in path else [path]


def body_of(case: Any) -> dict[str, Any]:
    if isinstance(case.body, bytes | str):
        return {"data": case.body, "content_type": "application/json"}
    return {} if isinstance(case.body, NotSet) else {"json": case.body}


@named(OPERATIONS)
def test_valid_requests_get_documented_responses(client: FlaskClient, method, path):
    operation = SCHEMA[path][method]
    existing = paths(client, path)
    documented = DOCUMENT["paths"][path][method.lower()]["responses"]

    @planned("documented requests")
    @given(case=operation.as_strategy(), target=some.sampled_from([*existing, ""]))
    def run(case: Any, target: str) -> None:
        url = target or case.formatted_path
        response = client.open(url, method=method, query_string=case.query, **body_of(case))
        assert response.status_code < 500, response.text
        assert str(response.status_code) in documented, response.text

    run()


@named(OF_SIGN_IN)
def test_valid_requests_of_operators_get_documented_responses(
    operator: tuple[Runtime, FlaskClient], sandbox: SandboxServer, method, path
):
    runtime, client = operator
    operation = SCHEMA[path][method]
    documented = DOCUMENT["paths"][path][method.lower()]["responses"]

    @planned("documented requests")
    @given(case=operation.as_strategy(), is_real=some.booleans())
    def run(case: Any, is_real: bool) -> None:
        url = path_of(runtime, sandbox, method, path) if is_real else case.formatted_path
        response = client.open(url, method=method, query_string=case.query, **body_of(case))
        assert response.status_code < 500, response.text
        assert str(response.status_code) in documented, response.text

    run()


@named([(method, path) for method, path in OF_SIGN_IN if method not in ("GET", "DELETE")])
def test_invalid_requests_of_operators_are_refused(
    operator: tuple[Runtime, FlaskClient], sandbox: SandboxServer, method, path
):
    runtime, client = operator
    strategy = SCHEMA[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    url = path_of(runtime, sandbox, method, path)

    @planned("undocumented bodies")
    @given(case=strategy)
    def run(case: Any) -> None:
        response = client.open(url, method=method, **body_of(case))
        # Some cases have another path, which this one replaces, and a valid body.
        assert response.status_code < 500, response.text
        assert response.status_code < 300 or response.json["error"]["message"]

    run()


@named(WITH_BODY)
def test_invalid_requests_are_refused(client: FlaskClient, method, path):
    strategy = SCHEMA[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    existing = paths(client, path)

    @planned("undocumented bodies")
    @given(case=strategy, target=some.sampled_from(existing))
    def run(case: Any, target: str) -> None:
        response = client.open(target, method=method, **body_of(case))
        # A creation ignores unknown fields.
        assert response.status_code < 500, response.text
        assert response.status_code == 200 or response.json["error"]["message"]

    run()


@named(WITH_BODY)
def test_any_body_of_any_type_gets_a_response(client: FlaskClient, method, path):
    existing = paths(client, path)

    @planned("bodies of any type")
    @given(data=some.binary(max_size=80), kind=some.sampled_from(TYPES))
    def run(data: bytes, kind: str) -> None:
        response = client.open(existing[0], method=method, data=data, content_type=kind)
        assert 400 <= response.status_code < 500
        assert response.json["error"]["message"]

    run()


@planned("names sent to be created")
@given(typed=TYPED, service=some.sampled_from(["github", "google_sheets", "postgres", "s3", "x"]))
def create(client: FlaskClient, typed: str, service: str) -> None:
    response = client.post("/_/connectors", json={"service": service, "name": typed})
    assert response.status_code in (200, 400, 404, 409), response.text


@pytest.mark.drawn
def test_no_invalid_name_is_sent_to_fivetran(client: FlaskClient, created: list[dict[str, Any]]):
    create(client=client)

    sent = {value for body in created for value in body["config"].values()}
    assert len(sent) > 50
    assert [value for value in sent if not VALID.fullmatch(value) or len(value) > MAX_LENGTH] == []


def test_no_foreign_return_url_is_accepted(client: FlaskClient):
    before = client.get("/_/connectors").json

    @planned("return URLs")
    @given(state=TYPED, token=TOKENS)
    def run(state: str, token: str) -> None:
        back = client.get("/_/return", query_string={"state": state})
        card = client.get(f"/_/go/{quote(token, safe='')}")
        invited = client.get("/_/invited", query_string={"state": state})
        invitation = client.get(f"/_/invite/{quote(token, safe='')}")
        assert back.headers["Location"].endswith("/connectors?note=used")
        assert card.headers["Location"].endswith("/connectors?note=expired")
        assert (invited.status_code, "This page was already shown" in invited.text) == (200, True)
        assert (invitation.status_code, "no longer valid" in invitation.text) == (404, True)

    run()
    assert client.get("/_/connectors").json == before


@planned("paths")
@given(path=some.text(max_size=40), method=some.sampled_from(["GET", "POST", "PATCH", "DELETE"]))
def open_anything(client: FlaskClient, path: str, method: str) -> None:
    response = client.open(f"/_/{quote(path, errors='replace')}", method=method)
    assert response.status_code < 500, response.text


def test_any_path_gets_a_response(client: FlaskClient):
    open_anything(client=client)
