"""People with open pages: in a real Chromium, or, without one, sessions that rerun their pages."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from typing import Protocol

import requests
from playwright.sync_api import Page
from websockets.sync.client import ClientConnection

from bench.browser import PATIENCE, WATCH, WINDOW, Wanted, chromium, load
from bench.sessions import run, session

TOLD = "What you see is from"
AGE = Wanted("[data-testid=stAlert]", text=TOLD)
SEEN = {
    "": Wanted(".pbf-tiles"),
    "connectors": Wanted("tr.row", least=10),
    "connector": Wanted(".pbf-state"),
    "services": Wanted("ul.cards > li", least=100),
}


class Visitors(Protocol):
    """So many open pages."""

    count: int

    def gesture(self) -> float:
        """Go to one of the pages anew, and return the milliseconds until it is seen."""

    def told(self) -> int:
        """Return how many of the pages say how old it is what they show."""


class Pages:
    """Pages in Chromium, which follow along by themselves."""

    def __init__(self, pages: list[tuple[Page, str, Wanted]]) -> None:
        """Hold open pages, each with its address and what must be seen on it."""
        self.count = len(pages)
        self._pages = pages
        self._next = cycle(pages)
        for each in pages:
            load(*each)

    def gesture(self) -> float:
        """Load the next page anew."""
        return load(*next(self._next))

    def told(self) -> int:
        """Look at each page."""
        return sum(
            bool(page.evaluate("wanted => window.seen(wanted)", AGE.as_json()))
            for page, _, _ in self._pages
        )


class Sessions:
    """Sessions as browsers open them, without the browser."""

    def __init__(self, links: list[tuple[ClientConnection, str, str]]) -> None:
        """Hold open sessions, each with its page and query."""
        self.count = len(links)
        self._links = links
        self._next = cycle(links)

    def gesture(self) -> float:
        """Run the next page anew."""
        began = time.perf_counter()
        run(*next(self._next))
        return 1000 * (time.perf_counter() - began)

    def told(self) -> int:
        """Run each page, and read what it says."""
        return sum(TOLD.encode() in run(*each) for each in self._links)


@contextmanager
def in_chromium(url: str, count: int) -> Iterator[Visitors]:
    """Open so many pages, of each kind in turn, in one browser."""
    with chromium() as browser:
        context = browser.new_context(viewport=WINDOW)
        context.add_init_script(WATCH)
        context.set_default_timeout(PATIENCE)
        yield Pages(
            [
                (context.new_page(), f"{url}/{page}?{query}", SEEN[page])
                for page, query in islice(_ways(url), count)
            ]
        )
        context.close()


@contextmanager
def in_sessions(url: str, count: int) -> Iterator[Visitors]:
    """Open so many sessions, of each kind in turn."""
    with ExitStack() as opened:
        yield Sessions(
            [
                (opened.enter_context(session(url, page, query)), page, query)
                for page, query in islice(_ways(url), count)
            ]
        )


def _ways(url: str) -> Iterator[tuple[str, str]]:
    """Yield pages with their queries, for ever."""
    ids = [one["id"] for one in requests.get(f"{url}/_/connectors", timeout=60).json()]
    for one in cycle(ids):
        for page in SEEN:
            yield page, f"id={one}" if page == "connector" else ""
