"""A steady load on the routes, with the result of each call."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import requests

CALLERS = 4
TIMEOUT = 90
LIST = "/_/connectors"


@dataclass(frozen=True)
class Call:
    """One call: its time (monotonic), path, duration and status; status 0 without a response."""

    at: float
    path: str
    milliseconds: float
    status: int
    stale: bool

    @property
    def failed(self) -> bool:
        """Whether there was no response or a 5xx."""
        return self.status == 0 or self.status >= 500

    @property
    def short_lived(self) -> bool:
        """Whether the response is fresh for seconds only; the services are fresh for an hour."""
        return self.path.startswith(LIST)


@contextmanager
def calling(url: str, rate: float) -> Iterator[list[Call]]:
    """Call the routes at a rate per second until the block ends; the yielded list grows."""
    connector_id = requests.get(f"{url}{LIST}", timeout=TIMEOUT).json()[0]["id"]
    paths = ("/_/services", LIST, f"{LIST}?q=a", f"{LIST}/{connector_id}")
    calls: list[Call] = []
    stopped = threading.Event()
    threads = [
        threading.Thread(
            target=_call, args=(url, paths[index:] + paths[:index], rate, calls, stopped)
        )
        for index in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield calls
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _call(
    url: str, paths: Sequence[str], rate: float, calls: list[Call], stopped: threading.Event
) -> None:
    """Call the paths in turn at fixed times, however long the previous call took."""
    parts, number, started_at = urlsplit(url), 0, time.monotonic()
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)) as connection:
        while not stopped.wait(max(0.0, started_at + number * CALLERS / rate - time.monotonic())):
            calls.append(_call_once(connection, paths[number % len(paths)]))
            number += 1


def _call_once(connection: HTTPConnection, path: str) -> Call:
    at, status, stale = time.monotonic(), 0, False
    try:
        connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
        with connection.getresponse() as response:
            response.read()
            status, stale = response.status, response.headers["Age"] is not None
    except (OSError, HTTPException):
        connection.close()
    return Call(at, path, 1000 * (time.monotonic() - at), status, stale)
