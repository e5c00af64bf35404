"""Measure the sandbox with 100 groups and 10,000 connectors over HTTP; exit status 1 if slow.

The floor of a page is `json.dumps` of the same response in the same run. The floor of a short page
also includes a minimal request, `GET /v1/account/info`.
"""

import gc
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import Any

from pbf.sandbox.control.samples import STATES
from pbf.sandbox.core.http import cursor
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer

GROUPS = 100
CONNECTORS = 10_000
LARGE = 1_000
ACCOUNT = f"/v1/connections?limit={LARGE}"
DAY = 86400.0
RUNS = 15
PAGE_RATIO = 3.0
SEED_SECONDS = 2.0
MEMORY = 300.0


class Client:
    """A client of a sandbox with one persistent connection."""

    def __init__(self, server: SandboxServer) -> None:
        """Connect to a server with its API key."""
        credentials = f"{server.world.api_key}:{server.world.api_secret}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(credentials).decode()}"}
        self._connection = HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))

    def get(self, path: str) -> bytes:
        """Return the body of a response, which must be a success."""
        self._connection.request("GET", path, headers=self._headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
        return body


class Report:
    """Prints each measurement with its bound and records whether a bound was missed."""

    def __init__(self) -> None:
        """Start with no bound missed."""
        self.missed = False

    def line(self, what: str, value: float, bound: float, detail: str) -> None:
        """Print one measurement."""
        holds = value <= bound
        self.missed |= not holds
        print(
            f"{what:<42} {value:8.2f}  at most {bound:6.1f}  {detail}{'' if holds else '  MISSED'}"
        )


def seconds(work: Callable[[], Any], *, before: Callable[[], None] | None = None) -> float:
    """Return the median seconds of several runs."""
    times = []
    for _ in range(RUNS):
        if before is not None:
            before()
        gc.collect()
        started_at = perf_counter()
        work()
        times.append(perf_counter() - started_at)
    return median(times)


def memory() -> float:
    """Return the resident memory of this process in megabytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure_page(
    client: Client,
    report: Report,
    what: str,
    path: str,
    *,
    short: bool = False,
    before: Callable[[], None] | None = None,
) -> None:
    """Measure one page and its floor; `before` runs before each request and is not measured."""
    value = json.loads(client.get(path))
    dumps = seconds(lambda: json.dumps(value))
    floor = dumps + (seconds(lambda: client.get("/v1/account/info")) if short else 0.0)
    taken = seconds(lambda: client.get(path), before=before)
    items = len(value["data"]["items"])
    detail = f"{items} items: {1000 * taken:.1f} ms over {1000 * floor:.1f} ms"
    report.line(f"{what}, ratio", taken / floor, PAGE_RATIO, detail)


def measure_pages(client: Client, world: Sandbox, report: Report) -> None:
    """Measure the first and last pages of the lists."""

    def change_all() -> None:
        world.advance(DAY)

    def clear_responses() -> None:
        for connection in world.connections.values():
            connection.static_fields = None

    for what, path, short in _pages(world):
        measure_page(client, report, what, path, short=short)
    measure_page(client, report, "page of changed connectors", ACCOUNT, before=change_all)
    measure_page(client, report, "page read for the first time", ACCOUNT, before=clear_responses)


def _pages(world: Sandbox) -> Sequence[tuple[str, str, bool]]:
    """Return the name and path of each page, and whether it is short."""
    last = len(world.connections) - LARGE
    large, small = list(world.groups)[1], list(world.groups)[-1]
    schema = next(reversed(world.connections.values())).schema
    group = f"/v1/groups/{large}/connections?limit={LARGE}"
    return (
        ("account, first page", ACCOUNT, False),
        ("account, last page", f"{ACCOUNT}&cursor={cursor(last)}", False),
        ("large group, first page", group, False),
        ("large group, last page", f"{group}&cursor={cursor(LARGE)}", False),
        ("small group", f"/v1/groups/{small}/connections?limit={LARGE}", True),
        ("schema filter", f"/v1/connections?schema={schema}", True),
        ("schema filter in a group", f"/v1/connections?group_id={small}&schema={schema}", True),
        ("groups", f"/v1/groups?limit={LARGE}", True),
    )


def seeded(report: Report) -> Sandbox:
    """Return a sandbox with one group of 2,000 connectors and smaller ones."""
    world = Sandbox(populated=False)
    world.control.set_limits("off")
    before, started_at = memory(), perf_counter()
    world.control.seed(groups=1, connectors=2 * LARGE)
    states = dict.fromkeys((name for name in STATES if name != "healthy"), 200)
    world.control.seed(groups=GROUPS - 1, connectors=CONNECTORS - 2 * LARGE, states=states)
    taken = (perf_counter() - started_at) * 1000 / CONNECTORS
    report.line("seeding, s per 1,000", taken, SEED_SECONDS, f"{CONNECTORS:,} connectors")
    print(f"{'':<42} {memory() - before:8.2f}  MB for these connectors")
    return world


def main() -> int:
    """Measure, print and return the exit status."""
    report = Report()
    world = seeded(report)
    with SandboxServer(world=world) as server:
        client = Client(server)
        measure_pages(client, world, report)
        for start in range(0, CONNECTORS, LARGE):
            client.get(f"/v1/connections?limit={LARGE}&cursor={cursor(start)}")
    report.line("memory, MB", memory(), MEMORY, "after every page was read")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
