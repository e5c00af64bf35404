"""Malformed requests are refused with the reason, and never cause a server error."""

import logging

import pytest
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound

from pbf.proxy import create_app
from tests.support.routes import path_with, rules

BODIES = [
    pytest.param(b"", "Expecting value at line 1, column 1", id="empty"),
    pytest.param(b'{"service": }', "Expecting value at line 1, column 13", id="no-value"),
    pytest.param(b'{"service": "x"', "delimiter at line 1, column 16", id="no-end"),
    pytest.param(b"[" * 30_000, "nested too deeply", id="lists-in-lists"),
    pytest.param(b'{"a":' * 10_000, "nested too deeply", id="objects-in-objects"),
    pytest.param(b'{"name": "\xff"}', "not UTF-8", id="no-utf-8"),
    pytest.param(b'{"name": ' + b"9" * 5000 + b"}", "an invalid number", id="a-number-too-long"),
    pytest.param(b'{"name": NaN}', "an invalid number", id="not-a-number"),
    pytest.param(b'{"name": -Infinity}', "an invalid number", id="infinity"),
]


@pytest.mark.parametrize(("body", "message"), BODIES)
@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("PATCH", "/nobody")])
def test_a_body_that_is_not_json_is_refused_with_the_reason(
    client: FlaskClient, caplog, method: str, path: str, body: bytes, message: str
):
    with caplog.at_level(logging.ERROR):
        answer = client.open(
            f"/_/connectors{path}", method=method, data=body, content_type="application/json"
        )

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_json")
    assert answer.json["error"]["message"].startswith("The body is not valid JSON")
    assert message in answer.json["error"]["message"]
    assert caplog.records == []


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "PUT", "DELETE"])
def test_every_text_in_a_path_has_a_longest_length(method: str):
    app = create_app()
    adapter = app.url_map.bind("localhost")
    long = [rule for rule in rules(method, app) if rule.arguments]

    accepted = []
    for rule in long:
        try:
            accepted.append(adapter.match(path_with(rule, "x" * 2_000), method))
        except NotFound:
            assert adapter.match(path_with(rule), method)

    assert long
    assert accepted == []


IDS = ["%00", "a%00b", "%ff", "%ed%a0%80", "%zz", "%", "%0d%0aX:y", "%E2%80%AE", "x" * 300, "%2f"]


@pytest.mark.parametrize("given", IDS)
def test_an_invalid_id_is_not_found(client: FlaskClient, caplog, given: str):
    with caplog.at_level(logging.ERROR):
        answers = [
            client.get(f"/_/connectors/{given}"),
            client.patch(f"/_/connectors/{given}", json={"paused": True}),
            client.delete(f"/_/connectors/{given}"),
            client.post(f"/_/connectors/{given}/restore"),
            client.get(f"/_/connectors/{given}/form"),
            client.get(f"/_/connectors?q={given}&service={given}"),
            client.get(f"/_/return?state={given}"),
            client.get(f"/_/invite/{given}"),
            client.get(f"/_/docs/{given}"),
        ]

    assert {answer.status_code for answer in answers} <= {200, 303, 308, 400, 404, 405}
    assert caplog.records == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"service": "google_sheets", "name": "\ud800"}, id="half-a-character"),
        pytest.param({"service": "\ud800", "name": "x"}, id="half-a-character-as-service"),
        pytest.param({"service": "google\x00", "name": "x"}, id="nul"),
        pytest.param({"service": "google_sheets", "name": "\x00"}, id="nothing-but-nul"),
        pytest.param({"service": 1, "name": {}}, id="wrong-types"),
        pytest.param({"service": "google_sheets", "name": 10**400}, id="a-large-number"),
    ],
)
def test_invalid_values_are_refused(client: FlaskClient, caplog, body: object):
    with caplog.at_level(logging.ERROR):
        answer = client.post("/_/connectors", json=body)

    assert answer.status_code in (400, 404)
    assert caplog.records == []


def test_a_field_of_the_wrong_type_is_not_called_missing(client: FlaskClient):
    answer = client.post("/_/connectors", json={"service": 1, "name": "x"})

    assert answer.json["error"]["message"] == "The field service must be text."


def test_a_field_whose_name_is_a_surrogate_is_refused(client: FlaskClient):
    answers = [
        client.patch("/_/connectors/one", json={"\ud800": True}),
        client.post("/_/connectors", json={"service": "x", "name": "x", "\ud800": True}),
    ]

    assert all(answer.status_code in (400, 404) for answer in answers)


REDIRECTS = ["http://[", "http://localhost:99999", "http://localhost:x", "//x", "javascript:1"]
REDIRECTS += ["http://a@localhost", "http://localhost\\@evil.example", "http://\u202e", "http://"]


@pytest.mark.parametrize("url", REDIRECTS)
def test_an_invalid_redirect_uri_is_refused(client: FlaskClient, caplog, url: str):
    connector = client.get("/_/connectors").json[0]["id"]

    with caplog.at_level(logging.ERROR):
        answer = client.get(f"/_/connectors/{connector}/form", query_string={"redirect_uri": url})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_redirect")
    assert caplog.records == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://["},
        {"Origin": "http://localhost:99999"},
        {"Origin": "\xff"},
        {"If-None-Match": '"' * 500},
        {"Accept-Encoding": "br;q=x,;,gzip;q=nan"},
        {"Idempotency-Key": "\xff"},
        {"Cookie": "\xff=;;"},
        {"Sec-Fetch-Site": "\xff"},
    ],
)
def test_invalid_headers_cause_no_server_error(
    client: FlaskClient, caplog, headers: dict[str, str]
):
    with caplog.at_level(logging.ERROR):
        answers = [
            client.get("/_/services", headers=headers),
            client.get("/_/connectors?q=x", headers=headers),
            client.get("/_/docs/docs.js", headers=headers),
            client.delete("/_/connectors/nobody", headers=headers),
            client.post("/_/connectors", json={"service": "x", "name": "x"}, headers=headers),
        ]

    assert all(answer.status_code < 500 for answer in answers)
    assert caplog.records == []
