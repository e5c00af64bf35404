"""python -m chaos.abuse: requests of every kind of abuse, and what they leave behind.

Memory, threads and descriptors of the server are read after a first share of the requests and
after all of them, so that what a server holds once is no part of the figures. Ends with exit
status 1 if a request was answered with a 5xx, or something has grown.
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

from bench import servers
from bench.figures import Figure, table
from bench.servers import Server
from bench.sessions import session
from chaos.abuse_kinds import KINDS, Abuse, Targets

CALLERS = 4
SHARE_OF_THE_FIRST = 0.25
LONGEST = 90
# What a request that was refused may still be counted for, at most, with the regular refreshes.
REQUESTS_A_MINUTE = 60
PAUSE = 0.2
# One in so many requests is an attempt to open a socket.
SOCKET_EVERY = 200
FURTHER_SESSIONS = 3
SCRIPT = re.compile(r"static/js/[\w.-]+\.js")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many requests are sent, and how many connectors the account has."""

    requests: int = 100_000
    connectors: int = 100
    seed: int = 1
    # Streamlit keeps a closed session for two minutes, with its descriptors, for its tab to return.
    forgotten: float = 130.0


@dataclass(frozen=True)
class Holding:
    """What a server holds: megabytes, threads and descriptors."""

    memory: float
    threads: int
    descriptors: int


@dataclass
class Tally:
    """How requests were answered; status 0 is a closed connection."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, status: int) -> None:
        """Count an answer."""
        with self.lock:
            self.statuses[kind, status] += 1

    def failed(self) -> dict[str, int]:
        """Return how many answers of each kind were a 5xx, save a refusal for being busy."""
        found: Counter[str] = Counter()
        for (kind, status), count in self.statuses.items():
            if status >= 500 and status != 503:
                found[f"{kind} ({status})"] += count
        return dict(found)


def main(arguments: list[str] | None = None) -> int:
    """Run it, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.abuse", description=__doc__)
    parser.add_argument("--requests", type=int, default=Plan.requests)
    parser.add_argument("--connectors", type=int, default=Plan.connectors)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    figures = list(run(Plan(**vars(parser.parse_args(arguments)))))
    print(table(figures))
    good = not any(figure.verdict == "falls short" for figure in figures)
    print("\nholds" if good else "\nfalls short")
    return 0 if good else 1


def run(plan: Plan) -> Iterator[Figure]:
    """Abuse a server, and yield what that left behind."""
    tally = Tally()
    with servers.upstream(plan.connectors) as far, servers.dashboard(far) as ours:
        targets = _targets(ours.url)
        first = int(plan.requests * SHARE_OF_THE_FIRST)
        abuse(ours, targets, range(first), plan.seed, Tally())
        before, asked, began = at_rest(ours, plan.forgotten), servers.counted(far), time.monotonic()
        abuse(ours, targets, range(first, plan.requests), plan.seed, tally)
        minutes = (time.monotonic() - began) / 60
        after, cost = at_rest(ours, plan.forgotten), servers.counted(far) - asked
        left = requests.get(f"{ours.url}/_/connectors", timeout=60)
    yield from _figures(before, after, tally)
    lost = set(targets.connectors) - {connector["id"] for connector in left.json()}
    yield Figure("Abuse", "connectors lost", len(lost), "", at_most=0)
    bound = REQUESTS_A_MINUTE * max(minutes, 1)
    yield Figure("Abuse", "requests to Fivetran", cost, "", at_most=bound)


def abuse(server: Server, targets: Targets, numbers: range, seed: int, tally: Tally) -> None:
    """Send the requests of the numbers from several callers at once."""
    threads = [
        threading.Thread(
            target=_call, args=(server.url, targets, numbers[place::CALLERS], seed, tally)
        )
        for place in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _targets(url: str) -> Targets:
    listed = requests.get(f"{url}/_/connectors", timeout=60).json()
    page = requests.get(url, timeout=60).text
    scripts = [f"/{path}" for path in SCRIPT.findall(page)]
    return Targets([connector["id"] for connector in listed], scripts)


def at_rest(server: Server, forgotten: float) -> Holding:
    """Return what a server holds once it has closed what its callers left.

    What has ended is dropped when the next session ends, `forgotten` seconds later.
    """
    time.sleep(forgotten)
    for _ in range(FURTHER_SESSIONS):
        with session(server.url, ""):
            pass
    holding = _holding(server)
    for _ in range(50):
        time.sleep(PAUSE)
        now = _holding(server)
        if (now.threads, now.descriptors) == (holding.threads, holding.descriptors):
            break
        holding = now
    return _holding(server)


def _holding(server: Server) -> Holding:
    process = Path(f"/proc/{server.process.pid}")
    return Holding(
        server.memory(),
        sum(1 for _ in (process / "task").iterdir()),
        sum(1 for _ in (process / "fd").iterdir()),
    )


def _call(url: str, targets: Targets, numbers: range, seed: int, tally: Tally) -> None:
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=LONGEST)) as link:
        for number in numbers:
            chance = Random(f"{seed}-{number}")  # noqa: S311  # what is sent is no secret
            if number % SOCKET_EVERY == 0:
                tally.note("socket", _open_socket(url, chance))
                continue
            name = list(KINDS)[number % len(KINDS)]
            tally.note(name, _send(link, KINDS[name](chance, targets)))


def _send(link: HTTPConnection, sent: Abuse) -> int:
    try:
        link.putrequest(sent.method, sent.path, skip_host=True, skip_accept_encoding=True)
        for name, value in (("Host", f"127.0.0.1:{link.port}"), *sent.headers):
            if name != "Host" or sent.host is None:
                link.putheader(name, value)
        if sent.host is not None:
            link.putheader("Host", sent.host)
        if sent.body is not None:
            link.putheader("Content-Length", str(len(sent.body)))
        link.endheaders(sent.body)
        with link.getresponse() as response:
            response.read()
            return response.status
    except (OSError, HTTPException):
        return 0
    finally:
        if sent.closes:
            link.close()


def _open_socket(url: str, chance: Random) -> int:
    """Open a websocket from a foreign page, or swell a message on one of our own."""
    address = f"ws{url.removeprefix('http')}/_stcore/stream"
    foreign = chance.random() < 0.5
    try:
        with connect(address, origin="http://evil.example" if foreign else url) as socket:
            socket.send(b"\0" * 4_000_000)
            socket.recv(timeout=LONGEST)
            return 101
    except (OSError, WebSocketException, TimeoutError):
        return 0


def _figures(before: Holding, after: Holding, tally: Tally) -> Iterator[Figure]:
    area = "Abuse"
    yield Figure(area, "requests", tally.statuses.total(), "")
    grown = after.memory / before.memory
    yield Figure(area, "memory", after.memory, "MB", before.memory, grown, at_most=1.1)
    for name, was, now in (
        ("threads", before.threads, after.threads),
        ("descriptors", before.descriptors, after.descriptors),
    ):
        yield Figure(area, name, now, "", was, now / was, at_most=1.1)
    failed = tally.failed()
    yield Figure(area, "answered with a 5xx", sum(failed.values()), "", at_most=0)
    for kind, count in failed.items():
        print(f"{kind}: {count}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
