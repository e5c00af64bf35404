"""What browsers are told to refuse, on the routes and on the screens."""

import re

import pytest
from flask.testing import FlaskClient
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.server.security_headers import ProtectScreens, inline_scripts, screens


def policy(text: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in text.split("; "))


OWN = {"Content-Security-Policy": "default-src 'none'", "X-Frame-Options": "SAMEORIGIN"}


def served(settings: Settings | None) -> TestClient:
    """Streamlit's place taken by an app of two answers, behind the middleware."""

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
def test_no_route_lets_a_browser_run_anything_foreign(client: FlaskClient, path: str, status: int):
    answer = client.get(path)

    said = policy(answer.headers["Content-Security-Policy"])
    assert answer.status_code == status
    assert (said["default-src"], said["frame-ancestors"]) == ("'none'", "'none'")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_a_screen_runs_our_own_scripts_alone_and_is_framed_by_nobody():
    answer = served(Settings()).get("/")

    said = policy(answer.headers["Content-Security-Policy"])
    assert said["script-src"] == f"'self' blob: 'wasm-unsafe-eval' {' '.join(inline_scripts())}"
    assert "'unsafe-eval'" not in answer.headers["Content-Security-Policy"]
    assert said["connect-src"] == "'self'"
    assert (said["frame-ancestors"], answer.headers["X-Frame-Options"]) == ("'none'", "DENY")
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_scripts_that_the_first_page_holds_are_let_run_by_their_digests():
    assert len(inline_scripts()) == 2
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", one) for one in inline_scripts())


def test_the_pages_that_may_frame_a_screen_are_a_setting():
    said = screens(Settings(frame_ancestors=("https://app.example", "https://b.example")))

    named = policy(said["Content-Security-Policy"])["frame-ancestors"]
    assert named == "https://app.example https://b.example"
    assert "X-Frame-Options" not in said


def test_icons_may_come_from_a_sandbox_that_runs_alone():
    said = screens(Settings(api_url="http://127.0.0.1:8502/sandbox"))

    assert "http://127.0.0.1:8502" in policy(said["Content-Security-Policy"])["img-src"].split()


def test_what_is_no_page_needs_no_policy_but_is_what_it_says():
    answer = served(Settings()).get("/script")

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in answer.headers


def test_a_page_of_whatever_path_is_protected():
    answer = served(Settings()).get("/_/page")

    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_page_keeps_the_headers_that_it_brings():
    answer = served(Settings()).get("/sandbox")

    assert {name: answer.headers[name] for name in OWN} == OWN


def test_settings_that_are_not_right_take_no_protection_away():
    said = policy(served(None).get("/").headers["Content-Security-Policy"])

    assert said["frame-ancestors"] == "'none'"
