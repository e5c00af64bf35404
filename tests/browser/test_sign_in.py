"""Signing in and out in a real browser, and what the pages look like to everybody."""

from collections.abc import Iterator

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Browser, Page, expect

from pbf.identity.oidc.providers import Provider
from pbf.rules.access.policy import Accent, Branding
from tests.support.accessibility import troubles
from tests.support.component_server import new_context
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, oidc_provider
from tests.support.sign_in_app import FakeSessions, configure, served_app

pytestmark = pytest.mark.browser

NARROW = {"width": 390, "height": 700}
# Of the dashboard's pages.
SCREEN_POLICY = "default-src 'none'; form-action 'self'"
SCREEN = '<form method="post" action="/_/sign-out"><button>Sign out</button></form>'
ACCENT = Accent("#0b6e4f", "#ffffff", "#0b6e4f", "#5fd3ac")


class Dashboard:
    """A dashboard with the sign-in routes, and one page that says who looks at it."""

    def __init__(self, app: Flask, url: str, sessions: FakeSessions) -> None:
        self.url, self.sessions = url, sessions
        self._app = app
        app.add_url_rule("/", "page", self._page)
        app.add_url_rule("/<path:path>", "page", self._page)

    def offer(self, *providers: Provider) -> None:
        """Let people sign in with these providers."""
        configure(self._app, providers, self.sessions, public_url=self.url)

    def _page(self, path: str = "") -> Response:
        claims = self.sessions.open.get(request.cookies.get("pbf", ""))
        who = claims.email if claims else "nobody"
        headers = {"Content-Security-Policy": SCREEN_POLICY}
        return Response(
            f"<title>x</title><p>{path}: {who}</p>{SCREEN}", headers=headers, mimetype="text/html"
        )


@pytest.fixture
def dashboard() -> Iterator[Dashboard]:
    sessions = FakeSessions()
    with served_app(sessions) as (app, url):
        yield Dashboard(app, url, sessions)


@pytest.fixture(params=["light", "dark"])
def narrow_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    with new_context(chromium, viewport=NARROW, color_scheme=request.param) as context:
        yield context.new_page()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with new_context(chromium) as context:
        yield context.new_page()


def test_a_person_signs_in_for_a_deep_link_and_signs_out_everywhere(dashboard, page):
    with oidc_provider(dashboard.url) as issuer:
        dashboard.offer(Provider("node", issuer, CLIENT_ID, CLIENT_SECRET))

        page.goto(f"{dashboard.url}/_/sign-in?next=/connect%3Fservice%3Dgoogle_ads")
        page.get_by_placeholder("Enter any login").fill("ada")
        page.get_by_placeholder("and password").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("connect: ada@acme.example")).to_be_visible()
        assert page.url == f"{dashboard.url}/connect?service=google_ads"

        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert dashboard.sessions.open == {}


def test_the_pages_keep_nobody_out(dashboard, narrow_page):
    dashboard.sessions.branding = Branding("Acme Data Hub", ACCENT, None, "mailto:a@acme.example")
    down = Provider("down", "http://127.0.0.1:1", CLIENT_ID, name="Acme Ltd " + "x" * 60)
    dashboard.offer(Provider("first", "https://idp.example", CLIENT_ID), down)
    complaints: list[str] = []
    narrow_page.on("console", lambda message: complaints.append(message.text))
    pages = ("sign-in", "sign-in?reason=ended", "sign-in/down?next=/connect", "signed-out")

    for path in pages:
        narrow_page.goto(f"{dashboard.url}/_/{path}")

        assert troubles(narrow_page) == []
        assert narrow_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Chromium reports the status of the page itself.
    assert [text for text in complaints if "503" not in text] == []
