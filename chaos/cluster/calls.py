"""Steady calls: lists and probes are read, connectors are created, paused and resumed."""

import json
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

# Seconds for one call, and from the begin of one to that of the next, for each caller.
TIMEOUT = 60.0
READ_EVERY, PROBE_EVERY, WRITE_EVERY = 0.1, 0.25, 0.5
LIST, SERVICES, HEALTH = "/_/connectors", "/_/services", "/_/healthz"
# How soon a caller repeats a write that was refused; it repeats it until it is done.
REPEAT_AFTER = 0.5
DONE = 200
# Refused, and the caller is asked to try again.
REFUSED = (503, 409)
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Call:
    """One call: when it began (monotonic), what it was, its duration and status (0: no answer)."""

    at: float
    kind: str
    path: str
    milliseconds: float
    status: int


@dataclass
class Writes:
    """What the callers know to be done: names of connectors created, and changes of one."""

    created: list[str] = field(default_factory=list)
    changes: int = 0
    connector_id: str = ""


@dataclass
class Calls:
    """All calls so far."""

    all: list[Call] = field(default_factory=list)
    writes: Writes = field(default_factory=Writes)

    def between(self, begin: float, end: float, kind: str) -> list[Call]:
        """Return the calls of a kind that began between two moments."""
        return [call for call in tuple(self.all) if begin <= call.at < end and call.kind == kind]

    def since(self, moment: float, kind: str) -> list[Call]:
        """Return the calls of a kind that began at a moment or later."""
        return self.between(moment, math.inf, kind)


class Caller:
    """Calls one server over a connection that is kept."""

    def __init__(self, url: str, calls: Calls) -> None:
        """Note each call."""
        parts = urlsplit(url)
        self._prefix = parts.path
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        self._calls = calls
        self.body = b""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(
        self,
        kind: str,
        path: str,
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Call once, and return the status; the body of the response is kept."""
        at, status = time.monotonic(), 0
        data = None if body is None else json.dumps(body).encode()
        given = {**(JSON if data else {}), **(headers or {})}
        try:
            self._connection.request(method, f"{self._prefix}{path}", data, given)
            with self._connection.getresponse() as response:
                self.body = response.read()
                status = response.status
        except (OSError, HTTPException):
            self._connection.close()
        taken = 1000 * (time.monotonic() - at)
        self._calls.all.append(Call(at, kind, path, taken, status))
        return status


@contextmanager
def calling(url: str, probed: Sequence[str], *, writes: bool = True) -> Iterator[Calls]:
    """Call the routes at a URL, and the liveness of each process, until the block ends."""
    calls, stopped = Calls(), threading.Event()
    first = Caller(url, calls)
    first.call("start", LIST)
    connectors = [one["id"] for one in json.loads(first.body) if not one["paused"]]
    calls.writes.connector_id = connectors[0]
    threads = [_thread(_read, url, calls, stopped, (LIST, SERVICES, f"{LIST}/{connectors[1]}"))]
    threads += [_thread(_probe, node, calls, stopped) for node in probed]
    if writes:
        threads += [_thread(work, url, calls, stopped) for work in (_create, _change)]
    for thread in threads:
        thread.start()
    try:
        yield calls
    finally:
        stopped.set()
        first.close()
        for thread in threads:
            thread.join()


def _thread(work: Callable[..., None], url: str, *given: object) -> threading.Thread:
    def run() -> None:
        with closing(Caller(url, given[0])) as caller:  # type: ignore[arg-type]
            work(caller, *given)

    return threading.Thread(target=run, daemon=True)


def _read(caller: Caller, _calls: Calls, stopped: threading.Event, paths: tuple[str, ...]) -> None:
    number = 0
    while not stopped.wait(READ_EVERY):
        caller.call("read", paths[number % len(paths)], headers={"Accept-Encoding": "gzip"})
        number += 1


def _probe(caller: Caller, _calls: Calls, stopped: threading.Event) -> None:
    while not stopped.wait(PROBE_EVERY):
        caller.call("probe", HEALTH)


def _create(caller: Caller, calls: Calls, stopped: threading.Event) -> None:
    number = int(time.time()) % 1_000_000 * 1000
    while not stopped.wait(4 * WRITE_EVERY):
        number += 1
        name = f"load_{number}"
        body, key = {"service": "stripe", "name": name}, {"Idempotency-Key": f"create-{number}"}
        if _repeat(lambda b=body, k=key: caller.call("write", LIST, "POST", b, k), stopped):  # type: ignore[misc]
            calls.writes.created.append(name)


def _change(caller: Caller, calls: Calls, stopped: threading.Event) -> None:
    path, paused = f"{LIST}/{calls.writes.connector_id}", True
    while not stopped.wait(WRITE_EVERY):
        body = {"paused": paused}
        # A change that had to be repeated may have been done by the call without an answer.
        if caller.call("write", path, "PATCH", body) == DONE:
            calls.writes.changes += 1
        else:
            _repeat(lambda b=body: caller.call("write", path, "PATCH", b), stopped)  # type: ignore[misc]
        paused = not paused


def _repeat(call: Callable[[], int], stopped: threading.Event) -> bool:
    """Repeat a write until it is done, or the calls end."""
    while call() != DONE:
        if stopped.wait(REPEAT_AFTER):
            return False
    return True
