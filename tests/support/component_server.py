"""A small Streamlit script on its own port, and a browser page that opens it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route

from tests.support.servers import free_port, running

PATIENCE_MS = 10_000
OPTIONS = [
    "--server.address=127.0.0.1",
    "--server.headless=true",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
]


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
    with visiting(window):
        page = window.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


@contextmanager
def visiting(window: BrowserContext) -> Iterator[None]:
    """At the end, close the pages that were opened, and clear cookies, storage and permissions."""
    before = set(window.pages)
    yield
    for page in set(window.pages) - before:
        if page.url.startswith("http"):
            page.evaluate("localStorage.clear()")
        page.close()
    window.clear_cookies()
    window.clear_permissions()


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
