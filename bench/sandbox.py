"""Measures the sandbox with 100 groups and 10,000 connectors, over HTTP; exit status 1 if slow.

Pages are measured against `json.dumps` of the same answer in the same run. Short pages have a
request that does next to nothing, `GET /v1/account/info`, added to their floor.
"""

import gc
import json
import os
import sys
from base64 import b64encode
from collections.abc import Callable
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
DAY = 86400.0
RUNS = 15
PAGE_RATIO = 3.0
SEED_SECONDS = 2.0
MEMORY = 300.0


class Client:
    """Asks a sandbox over one kept connection."""

    def __init__(self, server: SandboxServer) -> None:
        """Connect to a server with its world's key."""
        pair = f"{server.world.api_key}:{server.world.api_secret}".encode()
        self._headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        self._link = HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))

    def get(self, path: str) -> bytes:
        """Return the body of an answer, which must be a success."""
        self._link.request("GET", path, headers=self._headers)
        answer = self._link.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        return body


class Report:
    """Prints each measurement beside its bound, and remembers whether one was missed."""

    def __init__(self) -> None:
        """Start without a miss."""
        self.missed = False

    def line(self, what: str, value: float, bound: float, detail: str) -> None:
        """Print one measurement."""
        good = value <= bound
        self.missed |= not good
        print(
            f"{what:<42} {value:8.2f}  at most {bound:6.1f}  {detail}{'' if good else '  MISSED'}"
        )


def seconds(work: Callable[[], Any], *, before: Callable[[], None] | None = None) -> float:
    """Return how long some work takes: the median of several runs."""
    taken = []
    for _ in range(RUNS):
        if before is not None:
            before()
        gc.collect()
        began = perf_counter()
        work()
        taken.append(perf_counter() - began)
    return median(taken)


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
    """Measure one page against its floor, each time after something that is not measured."""
    value = json.loads(client.get(path))
    dumps = seconds(lambda: json.dumps(value))
    floor = dumps + (seconds(lambda: client.get("/v1/account/info")) if short else 0.0)
    taken = seconds(lambda: client.get(path), before=before)
    items = len(value["data"]["items"])
    detail = f"{items} items: {1000 * taken:.1f} ms over {1000 * floor:.1f} ms"
    report.line(f"{what}, ratio", taken / floor, PAGE_RATIO, detail)


def measure_pages(client: Client, world: Sandbox, report: Report) -> None:
    """Measure the listings, their first and last pages."""

    def change_all() -> None:
        world.advance(DAY)

    def forget_all() -> None:
        for each in world.connections.values():
            each.static_fields = each.serialized = None

    last = len(world.connections) - LARGE
    everywhere, large = f"/v1/connections?limit={LARGE}", list(world.groups)[1]
    small = list(world.groups)[-1]
    named = next(reversed(world.connections.values())).schema
    within = f"/v1/groups/{large}/connections?limit={LARGE}"
    for what, path, short in (
        ("account, first page", everywhere, False),
        ("account, last page", f"{everywhere}&cursor={cursor(last)}", False),
        ("large group, first page", within, False),
        ("large group, last page", f"{within}&cursor={cursor(LARGE)}", False),
        ("small group", f"/v1/groups/{small}/connections?limit={LARGE}", True),
        ("schema filter", f"/v1/connections?schema={named}", True),
        ("schema filter in a group", f"/v1/connections?group_id={small}&schema={named}", True),
        ("groups", f"/v1/groups?limit={LARGE}", True),
    ):
        measure_page(client, report, what, path, short=short)
    measure_page(client, report, "page of changed connectors", everywhere, before=change_all)
    measure_page(client, report, "page read for the first time", everywhere, before=forget_all)


def seeded(report: Report) -> Sandbox:
    """Return the world to measure: one group of 2,000 connectors, the others smaller."""
    world = Sandbox(populated=False)
    world.control.set_limits("off")
    before, began = memory(), perf_counter()
    world.control.seed(groups=1, connectors=2 * LARGE)
    states = dict.fromkeys((name for name in STATES if name != "healthy"), 200)
    world.control.seed(groups=GROUPS - 1, connectors=CONNECTORS - 2 * LARGE, states=states)
    taken = (perf_counter() - began) * 1000 / CONNECTORS
    report.line("seeding, s per 1,000", taken, SEED_SECONDS, f"{CONNECTORS:,} connectors")
    print(f"{'':<42} {memory() - before:8.2f}  MB for these connectors")
    return world


def main() -> int:
    """Measure, print, and return the exit status."""
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
