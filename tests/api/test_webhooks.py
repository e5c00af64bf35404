"""Fivetran's webhooks through the JSON API."""

import json
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.proxy import create_app
from pbf.runtime import Runtime
from pbf.server.request_body import LARGEST_BODY
from tests.support.accounts import account_on
from tests.support.webhook_events import fresh, signed

SECRET = "a-secret-of-webhooks-0123456789-abcdef"
PATH = "/_/hooks/fivetran"


@pytest.fixture
def settings(sandbox) -> Settings:
    return account_on(sandbox, webhook_secrets=(SECRET,))


@pytest.fixture
def event(settings: Settings) -> bytes:
    return fresh(destination_group_id=settings.group_id)


def post(client: FlaskClient, body: bytes, signature: str | None = None, **headers: str):
    sent = {"X-Fivetran-Signature-256": signature or signed(body, SECRET)}
    return client.post(
        PATH, data=body, headers={"Content-Type": "application/json", **sent, **headers}
    )


def test_a_signed_event_is_accepted_once(client: FlaskClient, runtime: Runtime, event: bytes):
    first, second = post(client, event), post(client, event, signed(event, SECRET).upper())

    assert (first.status_code, first.json) == (200, {"result": "accepted"})
    assert (second.status_code, second.json) == (200, {"result": "replayed"})
    assert first.headers["Cache-Control"] == "no-store"
    assert runtime.store.received_events.waiting() == 1


@pytest.mark.parametrize(
    ("change", "result"),
    [
        pytest.param({"destination_group_id": "elsewhere"}, "foreign", id="foreign-group"),
        pytest.param({"event": "test_event"}, "test", id="probe"),
        pytest.param({"event": "never_heard_of"}, "accepted", id="unknown-event"),
        pytest.param({"connector_id": "never_seen"}, "accepted", id="unknown-connector"),
    ],
)
def test_whatever_is_signed_is_answered_with_200(client, event, change, result):
    answer = post(client, json.dumps(json.loads(event) | change).encode())

    assert (answer.status_code, answer.json["result"]) == (200, result)


@pytest.mark.parametrize("body", [b"{", b"", fresh()])
def test_a_forgery_is_refused_whether_its_body_is_json_or_not(client, runtime, caplog, body):
    answer = post(client, body, "0" * 64)

    assert (answer.status_code, answer.json["error"]["code"]) == (401, "not_signed")
    assert "0000" not in caplog.text
    assert "lamp" not in caplog.text


def test_only_a_signed_body_that_is_no_event_is_called_invalid(client):
    answer = post(client, b"{")

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_json")


def test_a_body_that_is_too_large_is_refused(client):
    answer = post(client, b"x" * (LARGEST_BODY + 1))

    assert answer.status_code == 413


def test_neither_origin_nor_content_type_nor_sign_in_matter(settings, event):
    runtime = runtimes.start(replace(settings, public_url="https://connect.example"))
    client = create_app(lambda: runtime, check_host=False).test_client()

    answer = post(client, event, Origin="https://elsewhere.example", **{"Content-Type": "text/x"})

    assert answer.status_code == 200
    runtime.close()


def test_an_event_of_any_tenant_of_the_demo_is_accepted(demo: Runtime):
    client = create_app(lambda: demo).test_client()
    secret = demo.inbox.secret
    group_ids = [tenant.group_id for tenant in demo.identity.tenants.all()]

    answers = [
        post(client, body, signed(body, secret))
        for group_id in group_ids
        for body in [fresh(destination_group_id=group_id, connector_id=group_id)]
    ]

    assert [answer.json["result"] for answer in answers] == ["accepted"] * 3
