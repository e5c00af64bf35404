"""A small Streamlit script on its own port, and a browser page that opens it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

from tests.support.servers import free_port, running

EMPTY = "/empty-page"
# A busy machine takes its time; how fast a page is, bench/ measures.
PATIENCE_MS = 60_000
# What tests listen to.
EVENTS = ("console", "pageerror", "request", "response")
VIEWPORT = ViewportSize(width=1280, height=900)
OPTIONS = [
    "--server.address=127.0.0.1",
    "--server.headless=true",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
]


def new_context(chromium: Browser, **options: Any) -> BrowserContext:
    """Open a window of its own, with options of Playwright."""
    context = chromium.new_context(**{"viewport": VIEWPORT, "locale": "en-GB", **options})
    context.set_default_timeout(PATIENCE_MS)
    return context


@contextmanager
def component_server(script: Path, folder: Path) -> Iterator[str]:
    """Run a script until the block ends, and yield its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ["streamlit", "run", str(script), f"--server.port={port}", *OPTIONS]
    with running(command, folder, f"{url}/_stcore/health"):
        yield url


@contextmanager
def visitor(window: BrowserContext) -> Iterator[Page]:
    """Open a page of a new visitor; an error in its scripts fails the test."""
    errors: list[str] = []
    with visiting(window) as open_page:
        page = open_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        assert errors == []


@contextmanager
def visiting(window: BrowserContext) -> Iterator[Callable[[], Page]]:
    """Give out empty pages; at the end, clear cookies, storage and permissions.

    One page is kept for the next test, with the scripts that it has compiled, unless the test
    closes it. What cannot be cleared here, such as an added script, the test has to take back.
    """
    in_use = {page for page in window.pages if not page.url.endswith(EMPTY)}

    def open_page() -> Page:
        empty = (page for page in window.pages if page.url.endswith(EMPTY))
        return next(empty, None) or window.new_page()

    try:
        yield open_page
    finally:
        for number, page in enumerate(page for page in window.pages if page not in in_use):
            if number or not page.url.startswith("http"):
                page.close()
            else:
                _empty(page)
        window.clear_cookies()
        window.clear_permissions()


def _empty(page: Page) -> None:
    """Leave an empty page in the place of one, without its storage, history and settings."""
    # Playwright has no public way to remove a listener without knowing it.
    for event in EVENTS:
        for listener in page._impl_obj.listeners(event):
            page._impl_obj.remove_listener(event, listener)
    page.unroute_all()
    page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto(urljoin(page.url, EMPTY))
    page.evaluate("localStorage.clear(); sessionStorage.clear()")
    page.unroute_all()
    page.set_default_timeout(PATIENCE_MS)
    page.set_viewport_size(VIEWPORT)
    page.emulate_media(media="null", color_scheme="null", reduced_motion="null")
    page.mouse.move(-1, -1)
    browser = page.context.new_cdp_session(page)
    browser.send("Page.resetNavigationHistory")
    browser.detach()


def scroll_position(page: Page) -> float:
    """Return how far the page is scrolled."""
    return float(page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop"))


def scroll_to(page: Page, top: int) -> None:
    """Scroll the page, as a wheel does, and wait until the browser history holds the position."""
    page.evaluate("top => document.querySelector('[data-testid=stMain]').scrollTop = top", top)
    page.wait_for_function("top => history.state?.pbf?.top === top", arg=top)


def hidden_overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    return int(
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def forbid_inline_scripts(page: Page) -> None:
    """Serve the dashboard's documents with a strict Content-Security-Policy."""
    policy = "script-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'"

    def fulfill(route: Route) -> None:
        response = route.fetch()
        headers = {**response.headers, "content-security-policy": policy}
        route.fulfill(response=response, headers=headers)

    is_document = re.compile(r"/(services|connectors)(\?|$)")
    page.route(is_document, fulfill)
