"""python -m chaos.abuse: requests of every kind of abuse, and the resources that they cost.

The server's memory, threads and descriptors are read after a first share of the requests and after
all of them, so that one-time allocations do not count. The exit status is 1 if a response was a
5xx, or a resource has grown.
"""

import argparse
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import requests
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from bench import servers
from bench.figures import Figure, conclude, table
from bench.servers import Server
from bench.sessions import session
from chaos.abuse_kinds import KINDS, Abuse, Targets

CALLERS = 4
WARM_UP_SHARE = 0.25
TIMEOUT = 90
# The maximum to Fivetran, with the regular refreshes, while refused requests may count too.
REQUESTS_A_MINUTE = 60
PAUSE = 0.2
# One in this many requests is an attempt to open a WebSocket.
SOCKET_EVERY = 200
EXTRA_SESSIONS = 3
SCRIPT = re.compile(r"static/js/[\w.-]+\.js")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The number of requests, and of connectors in the account."""

    requests: int = 100_000
    connectors: int = 100
    seed: int = 1
    # Streamlit keeps a disconnected session and its descriptors for two minutes.
    session_expiry: float = 130.0


@dataclass(frozen=True)
class Resources:
    """A server's memory in megabytes, its threads and descriptors."""

    memory: float
    threads: int
    descriptors: int


@dataclass
class Tally:
    """The number of responses per kind and status; status 0 is a closed connection."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, status: int) -> None:
        """Count a response."""
        with self.lock:
            self.statuses[kind, status] += 1

    def failures(self) -> dict[str, int]:
        """Return the number of 5xx responses per kind, except 503 (busy)."""
        failures: Counter[str] = Counter()
        for (kind, status), count in self.statuses.items():
            if status >= 500 and status != 503:
                failures[f"{kind} ({status})"] += count
        return dict(failures)


def main(arguments: list[str] | None = None) -> int:
    """Run the abuse, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.abuse", description=__doc__)
    parser.add_argument("--requests", type=int, default=Plan.requests)
    parser.add_argument("--connectors", type=int, default=Plan.connectors)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    figures = list(run(Plan(**vars(parser.parse_args(arguments)))))
    print(table(figures))
    return conclude(figures)


def run(plan: Plan) -> Iterator[Figure]:
    """Abuse a server and yield the figures."""
    tally = Tally()
    with servers.upstream(plan.connectors) as upstream, servers.dashboard(upstream) as product:
        targets = _targets(product.url)
        first = int(plan.requests * WARM_UP_SHARE)
        abuse(product, targets, range(first), plan.seed, Tally())
        before, requests_before, started_at = (
            idle_resources(product, plan.session_expiry),
            servers.counted(upstream),
            time.monotonic(),
        )
        abuse(product, targets, range(first, plan.requests), plan.seed, tally)
        minutes = (time.monotonic() - started_at) / 60
        after, upstream_requests = (
            idle_resources(product, plan.session_expiry),
            servers.counted(upstream) - requests_before,
        )
        response = requests.get(f"{product.url}/_/connectors", timeout=60)
    yield from _figures(before, after, tally)
    lost = set(targets.connectors) - {connector["id"] for connector in response.json()}
    yield Figure("Abuse", "connectors lost", len(lost), "", at_most=0)
    bound = REQUESTS_A_MINUTE * max(minutes, 1)
    yield Figure("Abuse", "requests to Fivetran", upstream_requests, "", at_most=bound)


def abuse(server: Server, targets: Targets, numbers: range, seed: int, tally: Tally) -> None:
    """Send the numbered requests from several concurrent callers."""
    threads = [
        threading.Thread(
            target=_call, args=(server.url, targets, numbers[index::CALLERS], seed, tally)
        )
        for index in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _targets(url: str) -> Targets:
    connectors = requests.get(f"{url}/_/connectors", timeout=60).json()
    page = requests.get(url, timeout=60).text
    scripts = [f"/{path}" for path in SCRIPT.findall(page)]
    return Targets([connector["id"] for connector in connectors], scripts)


def idle_resources(server: Server, session_expiry: float) -> Resources:
    """Return a server's resources once it has closed its callers' connections.

    Streamlit drops expired sessions when a later session ends.
    """
    time.sleep(session_expiry)
    for _ in range(EXTRA_SESSIONS):
        with session(server.url, ""):
            pass
    resources = _resources(server)
    for _ in range(50):
        time.sleep(PAUSE)
        now = _resources(server)
        if (now.threads, now.descriptors) == (resources.threads, resources.descriptors):
            break
        resources = now
    return _resources(server)


def _resources(server: Server) -> Resources:
    threads = Path(f"/proc/{server.process.pid}/task")
    return Resources(server.memory(), sum(1 for _ in threads.iterdir()), server.descriptors())


def _call(url: str, targets: Targets, numbers: range, seed: int, tally: Tally) -> None:
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)) as connection:
        for number in numbers:
            random = Random(f"{seed}-{number}")  # noqa: S311  # not a secret
            if number % SOCKET_EVERY == 0:
                tally.count("socket", _open_socket(url, random))
                continue
            name = list(KINDS)[number % len(KINDS)]
            tally.count(name, _send(connection, KINDS[name](random, targets)))


def _send(connection: HTTPConnection, request: Abuse) -> int:
    try:
        connection.putrequest(
            request.method, request.path, skip_host=True, skip_accept_encoding=True
        )
        for name, value in (("Host", f"127.0.0.1:{connection.port}"), *request.headers):
            if name != "Host" or request.host is None:
                connection.putheader(name, value)
        if request.host is not None:
            connection.putheader("Host", request.host)
        if request.body is not None:
            connection.putheader("Content-Length", str(len(request.body)))
        connection.endheaders(request.body)
        with connection.getresponse() as response:
            response.read()
            return response.status
    except (OSError, HTTPException):
        return 0
    finally:
        if request.closes:
            connection.close()


def _open_socket(url: str, random: Random) -> int:
    """Open a WebSocket from a foreign page, or send an oversized message on one of our own."""
    address = f"ws{url.removeprefix('http')}/_stcore/stream"
    origin = Origin("http://evil.example" if random.random() < 0.5 else url)
    try:
        with connect(address, origin=origin) as socket:
            socket.send(b"\0" * 4_000_000)
            socket.recv(timeout=TIMEOUT)
            return 101
    except (OSError, WebSocketException, TimeoutError):
        return 0


def _figures(before: Resources, after: Resources, tally: Tally) -> Iterator[Figure]:
    area = "Abuse"
    yield Figure(area, "requests", tally.statuses.total(), "")
    growth = after.memory / before.memory
    yield Figure(area, "memory", after.memory, "MB", before.memory, growth, at_most=1.1)
    for name, earlier, later in (
        ("threads", before.threads, after.threads),
        ("descriptors", before.descriptors, after.descriptors),
    ):
        yield Figure(area, name, later, "", earlier, later / earlier, at_most=1.1)
    failures = tally.failures()
    yield Figure(area, "answered with a 5xx", sum(failures.values()), "", at_most=0)
    for kind, count in failures.items():
        print(f"{kind}: {count}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
