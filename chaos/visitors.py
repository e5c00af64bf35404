"""Visitors with open pages: in Chromium, or as sessions that rerun their pages."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from typing import Protocol

import requests
from playwright.sync_api import Page
from websockets.sync.client import ClientConnection

from bench.browser import TIMEOUT_MS, WATCH, WINDOW, Condition, chromium, load
from bench.sessions import run, session

AGE_NOTE = "What you see is from"
AGE = Condition("[data-testid=stAlert]", text=AGE_NOTE)
CONTENT = {
    "": Condition(".pbf-tiles"),
    "connectors": Condition("tr.row", least=10),
    "connector": Condition(".pbf-state"),
    "services": Condition("ul.cards > li", least=100),
}


class Visitors(Protocol):
    """Some open pages."""

    count: int

    def reload_next(self) -> float:
        """Reload the next page and return the milliseconds until it is shown."""

    def count_with_age(self) -> int:
        """Return the number of pages that show the age of their data."""


class Pages:
    """Pages in Chromium, which refresh themselves."""

    def __init__(self, pages: list[tuple[Page, str, Condition]]) -> None:
        """Load open pages, each with its address and what it must show."""
        self.count = len(pages)
        self._pages = pages
        self._next = cycle(pages)
        for page, address, condition in pages:
            load(page, address, condition)

    def reload_next(self) -> float:
        """Reload the next page."""
        return load(*next(self._next))

    def count_with_age(self) -> int:
        """Check each page."""
        return sum(
            bool(page.evaluate("condition => window.isShown(condition)", AGE.as_json()))
            for page, _, _ in self._pages
        )


class Sessions:
    """Streamlit sessions without a browser."""

    def __init__(self, sessions: list[tuple[ClientConnection, str, str]]) -> None:
        """Keep open sessions, each with its page and query."""
        self.count = len(sessions)
        self._sessions = sessions
        self._next = cycle(sessions)

    def reload_next(self) -> float:
        """Rerun the next page."""
        started_at = time.perf_counter()
        run(*next(self._next))
        return 1000 * (time.perf_counter() - started_at)

    def count_with_age(self) -> int:
        """Rerun each page and search its messages."""
        return sum(AGE_NOTE.encode() in run(*page) for page in self._sessions)


@contextmanager
def in_chromium(url: str, count: int) -> Iterator[Visitors]:
    """Open several pages, of each kind in turn, in one browser."""
    with chromium() as browser:
        context = browser.new_context(viewport=WINDOW)
        context.add_init_script(WATCH)
        context.set_default_timeout(TIMEOUT_MS)
        yield Pages(
            [
                (context.new_page(), f"{url}/{page}?{query}", CONTENT[page])
                for page, query in islice(_pages(url), count)
            ]
        )
        context.close()


@contextmanager
def in_sessions(url: str, count: int) -> Iterator[Visitors]:
    """Open several sessions, of each kind in turn."""
    with ExitStack() as stack:
        yield Sessions(
            [
                (stack.enter_context(session(url, page, query)), page, query)
                for page, query in islice(_pages(url), count)
            ]
        )


def _pages(url: str) -> Iterator[tuple[str, str]]:
    """Yield pages with their queries without end."""
    connectors = requests.get(f"{url}/_/connectors", timeout=60).json()
    for connector in cycle(connectors):
        for page in CONTENT:
            yield page, f"id={connector['id']}" if page == "connector" else ""
