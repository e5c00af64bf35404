"""Which pages of other origins may read the routes' responses."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.proxy import create_app

APP = "https://app.example"


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    started = runtimes.start(replace(settings, allowed_origins=(APP, "http://localhost:3000")))
    yield create_app(lambda: started).test_client()
    started.close()


def preflight(client: FlaskClient, sender: str, method: str = "PATCH"):
    return client.options(
        "/_/connectors/one",
        headers={
            "Origin": sender,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type,idempotency-key",
        },
    )


@pytest.mark.parametrize("sender", [APP, "http://localhost:3000"])
def test_a_preflight_of_an_allowed_origin_lists_what_it_may_send(client: FlaskClient, sender: str):
    answer = preflight(client, sender)

    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == sender
    assert "Origin" in answer.headers["Vary"]
    methods = answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"GET", "POST", "PATCH", "DELETE"} <= set(methods)
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "sender",
    ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", "*"],
)
def test_another_origin_gets_no_cors_headers(client: FlaskClient, sender: str):
    preflighted, read = (
        preflight(client, sender),
        client.get("/_/services", headers={"Origin": sender}),
    )

    for answer in (preflighted, read):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/_/services", 200, id="a-list-kept-as-bytes"),
        pytest.param("GET", "/_/connectors?q=sales", 200, id="a-filtered-list"),
        pytest.param("GET", "/_/connectors/nobody", 404, id="an-error"),
        pytest.param("GET", "/_/nothing", 404, id="no-route"),
        pytest.param("DELETE", "/_/connectors/nobody", 404, id="an-action"),
        pytest.param("PUT", "/_/connectors", 405, id="another-method"),
    ],
)
def test_an_allowed_origin_may_read_every_response(
    client: FlaskClient, method: str, path: str, status: int
):
    answer = client.open(path, method=method, headers={"Origin": APP})

    assert answer.status_code == status
    assert answer.headers.getlist("Access-Control-Allow-Origin") == [APP]
    assert "Origin" in answer.headers["Vary"]
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]


def test_an_unchanged_list_has_cors_headers(client: FlaskClient):
    etag = client.get("/_/services", headers={"Origin": APP}).headers["ETag"]

    answer = client.get("/_/services", headers={"Origin": APP, "If-None-Match": etag})

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (304, APP)


def test_without_allowed_origins_there_are_no_cors_headers(settings: Settings):
    started = runtimes.start(settings)
    client = create_app(lambda: started).test_client()

    answers = preflight(client, APP), client.get("/_/services", headers={"Origin": APP})

    started.close()
    for answer in answers:
        assert "Origin" not in answer.headers.get("Vary", "")
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_an_allowed_origin_creates_a_connector(client: FlaskClient):
    answer = client.post(
        "/_/connectors",
        json={"service": "google_sheets", "name": "Sales"},
        headers={"Origin": APP, "Sec-Fetch-Site": "cross-site"},
    )

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, APP)
