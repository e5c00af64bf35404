"""What the routes answer to a flood of attempts to sign in."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from limits import RateLimitItemPerMinute

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.connectors.access.sign_in_limits import ATTEMPTS, FAILURES, Attempt
from pbf.identity.models import Identity
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from tests.support.signing import jwks

OTHER = {"REMOTE_ADDR": "192.0.2.7"}


@pytest.fixture
def signed_in(settings: Settings, tmp_path: Path, monkeypatch) -> Iterator[Runtime]:
    """The product with SSO tokens; three failures a minute are too many."""
    for attempt in FAILURES:
        monkeypatch.setitem(FAILURES, attempt, RateLimitItemPerMinute(3))
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(jwks("ec-1")))
    sign_in = SignIn(methods=("jwt",), jwt_issuer="https://app.example", jwt_keys=str(keys))
    runtime = runtimes.start(replace(settings, public_url="http://localhost", sign_in=sign_in))
    yield runtime
    runtime.close()


@pytest.fixture
def client(signed_in: Runtime) -> FlaskClient:
    """A client of the JSON API."""
    return create_app(lambda: signed_in).test_client()


def token(runtime: Runtime) -> dict[str, str]:
    operator = Identity("command line", "", Role.OPERATOR, is_operator=True)
    tenant = runtime.identity.tenants.all()[0].id
    new = runtime.identity.tokens.create(
        "Ours", role=Role.ADMIN, tenant_id=tenant, creator=operator
    )
    return {"Authorization": f"Bearer {new.text}"}


@pytest.mark.parametrize("path", ["/_/sso/unknown", "/_/sso?token=wrong"])
def test_failed_sign_ins_are_refused_for_a_while(client: FlaskClient, path: str):
    failed = [client.get(path).status_code for _ in range(3)]

    refused = client.get(path)

    assert failed == [403, 403, 403]
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts to sign in from your network. Try again in" in refused.text
    assert refused.content_type.startswith("text/html")
    assert client.get("/_/sign-in").status_code == 429
    assert client.get(path, environ_base=OTHER).status_code == 403


def test_sign_ins_that_do_not_fail_are_not_refused(client: FlaskClient):
    assert {client.get("/_/sign-in").status_code for _ in range(30)} == {200}


def test_a_session_goes_on_while_its_address_is_refused(client: FlaskClient, signed_in: Runtime):
    headers = token(signed_in)
    for _ in range(4):
        client.get("/_/sso/unknown")

    assert client.get("/_/connectors", headers=headers).status_code == 200
    assert client.get("/_/signed-out").status_code == 200


def test_invalid_tokens_are_told_to_wait_and_valid_ones_go_on(
    client: FlaskClient, signed_in: Runtime
):
    valid, wrong = token(signed_in), {"Authorization": "Bearer pbf_wrong"}
    statuses = [client.get("/_/connectors", headers=wrong).status_code for _ in range(4)]

    refused = client.get("/_/connectors", headers=wrong)

    assert statuses == [401, 401, 401, 429]
    assert refused.json["error"]["code"] == "too_many"
    assert int(refused.headers["Retry-After"]) >= 1
    assert client.get("/_/connectors", headers=valid).status_code == 200


def test_a_flood_of_sign_in_links_is_refused_as_json(
    client: FlaskClient, signed_in: Runtime, monkeypatch
):
    monkeypatch.setitem(ATTEMPTS, Attempt.LINK, RateLimitItemPerMinute(1))
    tenant = signed_in.identity.tenants.all()[0].id
    body, headers = {"tenant": tenant, "user": {"id": "u_1"}}, token(signed_in)

    made = client.post("/_/sign-in-links", json=body, headers=headers)
    refused = client.post("/_/sign-in-links", json=body, headers=headers)

    assert made.status_code == 201
    assert refused.status_code == 429
    assert refused.json["error"]["code"] == "too_many"
    assert "Retry-After" in refused.headers
