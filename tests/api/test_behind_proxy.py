"""What the routes answer behind a proxy that names people in headers."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.proxy import create_app

SECRET = "a-secret-of-the-proxy-0123456789"
PROVEN = {"X-Proxy-Secret": SECRET}
ADA = [("X-User", "u_42"), ("X-Mail", "ada@acme.example")]


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    """A client of the JSON API, in which Ada is an operator."""
    sign_in = SignIn(
        methods=("jwt", "proxy"),
        proxy_preset="X-User=sub X-Mail=email",
        proxy_secret=SECRET,
        operators=("ada@acme.example",),
    )
    runtime = runtimes.start(replace(settings, public_url="http://localhost", sign_in=sign_in))
    yield create_app(lambda: runtime).test_client()
    runtime.close()


def test_a_session_does_not_count_beside_headers_that_cannot_be_trusted(client: FlaskClient):
    assert client.get("/_/sign-in", headers=[*ADA, *PROVEN.items()]).status_code == 303

    refused = client.get("/_/me", headers=[*ADA, ("X-Proxy-Secret", "x")])

    assert (refused.status_code, refused.json["error"]["code"]) == (401, "sign_in_failed")
    assert client.get("/_/me", headers=[*ADA, *PROVEN.items()]).status_code == 200


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        pytest.param([*ADA, ("X-User", "u_43")], "two ids", id="two-ids"),
        pytest.param([*ADA, ("X-Mail", "bob@acme.example")], "two ids", id="two-addresses"),
        pytest.param([("X-User", "u" * 50_000)], "no usable identifier", id="long-id"),
    ],
)
def test_headers_that_name_nobody_sign_nobody_in(client: FlaskClient, headers, sentence):
    refused = client.get("/_/sign-in", headers=[*headers, *PROVEN.items()])

    assert refused.status_code == 403
    assert sentence in refused.text
    assert "Set-Cookie" not in refused.headers
