"""Security headers of the routes and the screens."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import responses
from flask.testing import FlaskClient
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.proxy import create_app
from pbf.sandbox.server import SandboxServer
from pbf.server.security_headers import ProtectScreens, inline_scripts, screens
from tests.support.routes import path_with, rules
from tests.support.tenants import start_with_tenants


def policy(text: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in text.split("; "))


OWN = {"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "SAMEORIGIN"}


def served(settings: Settings | None) -> TestClient:
    """An app in place of Streamlit with two responses, behind the middleware."""

    def read() -> Settings:
        if settings is None:
            raise ConfigurationError("FIVETRAN_API_SECRET is not set.")
        return settings

    routes = [
        Route("/", lambda _: HTMLResponse("<p>")),
        Route("/script", lambda _: PlainTextResponse("")),
        Route("/_/page", lambda _: HTMLResponse("<p>")),
        Route("/sandbox", lambda _: HTMLResponse("<p>", headers=OWN)),
    ]
    return TestClient(ProtectScreens(Starlette(routes=routes), read=read))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/_/services", 200),
        ("/_/openapi.json", 200),
        ("/_/docs", 200),
        ("/_/docs/docs.js", 200),
        ("/_/nothing", 404),
        ("/_/go/forged", 303),
        ("/_/return?state=forged", 303),
        ("/_/connectors/nobody", 404),
        ("/_/invite/forged", 404),
        ("/_/invited?state=forged", 200),
    ],
)
def test_no_route_allows_a_browser_to_run_anything(client: FlaskClient, path: str, status: int):
    answer = client.get(path)

    directives = policy(answer.headers["Content-Security-Policy"])
    assert answer.status_code == status
    assert (directives["default-src"], directives["frame-ancestors"]) == ("'none'", "'none'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.fixture
def with_sign_in(sandbox: SandboxServer, tmp_path: Path) -> Iterator[FlaskClient]:
    """A client that is not signed in."""
    runtime = start_with_tenants(sandbox, tmp_path)
    yield create_app(lambda: runtime).test_client()
    runtime.close()


def test_every_page_of_every_route_has_a_policy_and_cannot_be_framed(
    client: FlaskClient, with_sign_in: FlaskClient
):
    paths = [path_with(rule) for rule in rules()]

    # The provider of the sign-in does not answer.
    with responses.RequestsMock() as network:
        network.add_passthru("http://127.0.0.1")
        answers = {
            (path, number): visitor.get(path, headers={"Accept": "text/html"})
            for number, visitor in enumerate((client, with_sign_in))
            for path in paths
        }

    pages = {key: answer for key, answer in answers.items() if answer.mimetype == "text/html"}
    assert {path for path, _ in pages} >= {
        *("/_/docs", "/_/invite/x", "/_/status/x", "/_/sso", "/_/sign-in", "/_/signed-out"),
    }
    unprotected = {
        key
        for key, answer in pages.items()
        if "frame-ancestors '" not in answer.headers.get("Content-Security-Policy", "")
        or answer.headers.get("X-Frame-Options") != "DENY"
    }
    assert unprotected == set()
    assert {key for key, answer in answers.items() if answer.status_code == 500} == set()


def test_a_screen_runs_only_our_own_scripts_and_cannot_be_framed():
    answer = served(Settings()).get("/")

    directives = policy(answer.headers["Content-Security-Policy"])
    assert (
        directives["script-src"] == f"'self' blob: 'wasm-unsafe-eval' {' '.join(inline_scripts())}"
    )
    assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]
    assert directives["connect-src"] == "'self'"
    assert (directives["frame-ancestors"], answer.headers["X-Frame-Options"]) == ("'none'", "DENY")
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_inline_scripts_of_index_html_are_allowed_by_their_digests():
    assert len(inline_scripts()) == 3
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", digest) for digest in inline_scripts())


def test_the_pages_that_may_frame_a_screen_are_a_setting():
    headers = screens(Settings(frame_ancestors=("https://app.example", "https://b.example")))

    named = policy(headers["Content-Security-Policy"])["frame-ancestors"]
    assert named == "https://app.example https://b.example"
    assert "X-Frame-Options" not in headers


def test_icons_may_come_from_a_sandbox_that_runs_alone():
    headers = screens(Settings(api_url="http://127.0.0.1:8502/sandbox"))

    assert "http://127.0.0.1:8502" in policy(headers["Content-Security-Policy"])["img-src"].split()


def test_other_content_types_need_no_policy_but_nosniff():
    answer = served(Settings()).get("/script")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers


def test_a_page_is_protected_at_any_path():
    answer = served(Settings()).get("/_/page")

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_page_keeps_its_own_headers():
    answer = served(Settings()).get("/sandbox")

    assert {name: answer.headers[name] for name in OWN} == OWN


def test_invalid_settings_remove_no_protection():
    directives = policy(served(None).get("/").headers["Content-Security-Policy"])

    assert directives["frame-ancestors"] == "'none'"
