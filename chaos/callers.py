"""A steady load on the routes, and how each call went."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import requests

CALLERS = 4
LONGEST = 90
LIST = "/_/connectors"


@dataclass(frozen=True)
class Call:
    """One call: when (monotonic), where, for how many milliseconds; status 0 if none came."""

    at: float
    path: str
    milliseconds: float
    status: int
    aged: bool

    @property
    def failed(self) -> bool:
        """Whether there was no answer, or one that says that we failed."""
        return self.status == 0 or self.status >= 500

    @property
    def ageing(self) -> bool:
        """Whether it is about what is old soon; the catalogue is good for an hour."""
        return self.path.startswith(LIST)


@contextmanager
def calling(url: str, rate: float) -> Iterator[list[Call]]:
    """Call the routes so many times a second until the block ends; the list grows meanwhile."""
    one = requests.get(f"{url}{LIST}", timeout=LONGEST).json()[0]["id"]
    paths = ("/_/services", LIST, f"{LIST}?q=a", f"{LIST}/{one}")
    calls: list[Call] = []
    ended = threading.Event()
    threads = [
        threading.Thread(
            target=_call, args=(url, paths[place:] + paths[:place], rate, calls, ended)
        )
        for place in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield calls
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _call(
    url: str, paths: Sequence[str], rate: float, calls: list[Call], ended: threading.Event
) -> None:
    """Call one path after the other, each at its time, however long the one before took."""
    parts, number, begun = urlsplit(url), 0, time.monotonic()
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=LONGEST)) as link:
        while not ended.wait(max(0.0, begun + number * CALLERS / rate - time.monotonic())):
            calls.append(_once(link, paths[number % len(paths)]))
            number += 1


def _once(link: HTTPConnection, path: str) -> Call:
    at, status, aged = time.monotonic(), 0, False
    try:
        link.request("GET", path, headers={"Accept-Encoding": "gzip"})
        with link.getresponse() as answer:
            answer.read()
            status, aged = answer.status, answer.headers["Age"] is not None
    except (OSError, HTTPException):
        link.close()
    return Call(at, path, 1000 * (time.monotonic() - at), status, aged)
