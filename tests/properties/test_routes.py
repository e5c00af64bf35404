"""Generated requests to our own routes: none ends in a fault of ours."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.core import NotSet

from pbf.api.openapi import document
from pbf.config import Settings
from pbf.fivetran.transport import Request
from pbf.proxy import create_app
from pbf.rules.naming import LONGEST
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.properties.plan import planned

DOCUMENT = document(create_app())
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(method.upper(), path) for path, at in DOCUMENT["paths"].items() for method in at]
WITH_BODY = [("POST", "/_/connectors"), ("PATCH", "/_/connectors/{connector_id}")]
VALID = re.compile(r"[a-z_][a-z0-9_]*", re.ASCII)
TYPES = ("application/json", "application/json; charset=utf-16", "text/plain", "nonsense", "")
TYPED = some.text(max_size=120)
# A slash is no part of a ticket.
TICKETS = some.text(some.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=60)


def named(operations: list[tuple[str, str]]) -> Any:
    return pytest.mark.parametrize(
        ("method", "path"), operations, ids=[" ".join(each) for each in operations]
    )


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """An account whose clients may do as much as they like."""
    return replace(settings, create_limit="", action_limit="", total_action_limit="")


@pytest.fixture
def client(house: Runtime, sandbox: SandboxServer) -> FlaskClient:
    """The routes, on a sandbox that refuses nothing for being asked often."""
    sandbox.world.limits.plan = "off"
    return create_app(lambda: house).test_client()


@pytest.fixture
def created(house: Runtime, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The bodies of all creations that were sent to Fivetran."""
    bodies: list[dict[str, Any]] = []
    send = Request.send

    def noted(self: Request, method: str, path: str, **options: Any) -> Any:
        if (method, path) == ("POST", "/connections"):
            bodies.append(options["body"])
        return send(self, method, path, **options)

    monkeypatch.setattr(Request, "send", noted)
    return bodies


def places(client: FlaskClient, path: str) -> list[str]:
    """Where an operation can be done to a connector that is there."""
    ids = [one["id"] for one in client.get("/_/connectors").json]
    return [path.replace("{connector_id}", one) for one in ids] if "{" in path else [path]


def body_of(case: Any) -> dict[str, Any]:
    if isinstance(case.body, bytes | str):
        return {"data": case.body, "content_type": "application/json"}
    return {} if isinstance(case.body, NotSet) else {"json": case.body}


@named(OPERATIONS)
def test_what_is_asked_as_described_is_answered_as_described(client: FlaskClient, method, path):
    operation = SCHEMA[path][method]
    there = places(client, path)
    said = DOCUMENT["paths"][path][method.lower()]["responses"]

    @planned("requests as described")
    @given(case=operation.as_strategy(), aim=some.sampled_from([*there, ""]))
    def run(case: Any, aim: str) -> None:
        where = aim or case.formatted_path
        answer = client.open(where, method=method, query_string=case.query, **body_of(case))
        assert answer.status_code < 500, answer.text
        assert str(answer.status_code) in said, answer.text

    run()


@named(WITH_BODY)
def test_what_is_described_otherwise_is_refused(client: FlaskClient, method, path):
    strategy = SCHEMA[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE)
    there = places(client, path)

    @planned("bodies described otherwise")
    @given(case=strategy, aim=some.sampled_from(there))
    def run(case: Any, aim: str) -> None:
        answer = client.open(aim, method=method, **body_of(case))
        # Fields that nobody reads do no harm to a creation.
        assert answer.status_code < 500, answer.text
        assert answer.status_code == 200 or answer.json["error"]["message"]

    run()


@named(WITH_BODY)
def test_any_body_of_any_type_gets_an_answer(client: FlaskClient, method, path):
    there = places(client, path)

    @planned("bodies of any type")
    @given(data=some.binary(max_size=80), kind=some.sampled_from(TYPES))
    def run(data: bytes, kind: str) -> None:
        answer = client.open(there[0], method=method, data=data, content_type=kind)
        assert 400 <= answer.status_code < 500
        assert answer.json["error"]["message"]

    run()


@planned("names sent to be created")
@given(typed=TYPED, service=some.sampled_from(["github", "google_sheets", "postgres", "s3", "x"]))
def ask_for(client: FlaskClient, typed: str, service: str) -> None:
    answer = client.post("/_/connectors", json={"service": service, "name": typed})
    assert answer.status_code in (200, 400, 404, 409), answer.text


def test_no_invalid_name_is_sent_to_fivetran(client: FlaskClient, created: list[dict[str, Any]]):
    ask_for(client=client)

    sent = {value for body in created for value in body["config"].values()}
    assert len(sent) > 50
    assert [value for value in sent if not VALID.fullmatch(value) or len(value) > LONGEST] == []


def test_no_way_back_is_taken_that_we_did_not_make(client: FlaskClient):
    before = client.get("/_/connectors").json

    @planned("ways back")
    @given(state=TYPED, ticket=TICKETS)
    def run(state: str, ticket: str) -> None:
        back = client.get("/_/return", query_string={"state": state})
        card = client.get(f"/_/go/{quote(ticket, safe='')}")
        invited = client.get("/_/invited", query_string={"state": state})
        invitation = client.get(f"/_/invite/{quote(ticket, safe='')}")
        assert back.headers["Location"].endswith("/connectors?note=used")
        assert card.headers["Location"].endswith("/connectors?note=expired")
        assert (invited.status_code, "This page was already shown" in invited.text) == (200, True)
        assert (invitation.status_code, "no longer valid" in invitation.text) == (404, True)

    run()
    assert client.get("/_/connectors").json == before


@planned("paths")
@given(path=some.text(max_size=40), method=some.sampled_from(["GET", "POST", "PATCH", "DELETE"]))
def open_anything(client: FlaskClient, path: str, method: str) -> None:
    answer = client.open(f"/_/{quote(path, errors='replace')}", method=method)
    assert answer.status_code < 500, answer.text


def test_any_path_gets_an_answer(client: FlaskClient):
    open_anything(client=client)
