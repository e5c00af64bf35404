"""1,000 tenants of 100 connectors each: memory, requests to Fivetran, and a storm of one tenant.

python -m bench.tenants takes about eight minutes, so it is not part of python -m bench.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE

import requests

from bench import servers
from bench.figures import Figure, against, conclude, table
from bench.many_tenants import ManyTenants, many_tenants

CONNECTORS = "/_/connectors"
# Fivetran's limit for a paid account, in requests an hour.
HOURLY_LIMIT = 20_000
# How often an open page refreshes itself, in seconds.
REFRESH = 3.0
CALLERS = 8
# The callers of other tenants, whose times are measured.
OTHERS = 10
OTHERS_INTERVAL = 0.05


@dataclass(frozen=True)
class Size:
    """How many tenants and connectors, and for how many seconds each part is measured."""

    tenants: int = 1000
    connectors: int = 100
    watched: int = 200
    hour: float = 150.0
    storm: float = 10.0
    rounds: int = 5


SMALL = Size(tenants=20, connectors=5, watched=4, hour=6.0, storm=1.0, rounds=1)


def figures(size: Size) -> Iterator[Figure]:
    """Measure everything on one product."""
    with many_tenants(size.tenants, size.connectors) as world:
        area = f"{size.tenants:,} tenants of {size.connectors} connectors"
        before = world.product.memory()
        _ask_each(world, range(size.tenants))
        yield Figure(area, "memory, no list read", before, "MB")
        name = "memory, every list in the cache"
        yield Figure(area, name, world.product.memory(), "MB", at_most=1500)
        hourly = _requests_an_hour(world, size)
        name = f"requests an hour, {size.watched} tenants looked at"
        yield Figure(area, name, hourly, "", at_most=HOURLY_LIMIT)
        yield Figure(area, "memory after that", world.product.memory(), "MB", at_most=1500)
        for kind in ("changes", "reads"):
            pairs = _storms(world, size, kind)
            name = f"p95 of {OTHERS} others while one tenant sends {kind}"
            yield against(area, name, "ms", pairs, at_most=1.5)


def _ask_each(world: ManyTenants, numbers: range) -> None:
    with requests.Session() as session, ThreadPoolExecutor(CALLERS) as pool:

        def ask(number: int) -> None:
            url = f"{world.product.url}{CONNECTORS}"
            answer = session.get(url, headers=world.headers[number], timeout=120)
            answer.raise_for_status()

        list(pool.map(ask, numbers))


def _requests_an_hour(world: ManyTenants, size: Size) -> float:
    """Return the requests to Fivetran while tenants are looked at, for an hour."""
    _look_at(world, size.watched, min(60.0, size.hour))  # until their lists are read together
    before, started_at = servers.counted(world.upstream), time.monotonic()
    _look_at(world, size.watched, size.hour)
    asked = servers.counted(world.upstream) - before
    return asked * 3600 / (time.monotonic() - started_at)


def _look_at(world: ManyTenants, watched: int, seconds: float) -> None:
    """Ask for the lists of some tenants every three seconds, as their open pages do."""
    end = time.monotonic() + seconds
    while (turn := time.monotonic()) < end:
        _ask_each(world, range(watched))
        time.sleep(max(0.0, min(turn + REFRESH, end) - time.monotonic()))


def _storms(world: ManyTenants, size: Size, kind: str) -> list[tuple[float, float]]:
    """Return the p95 of others during a storm, and without one."""
    pairs = []
    for _ in range(size.rounds):
        calm = _p95(world, size.storm)
        with _storm(world, kind):
            time.sleep(min(1.0, size.storm))
            pairs.append((_p95(world, size.storm), calm))
    return pairs


def _p95(world: ManyTenants, seconds: float) -> float:
    """Return the 95th percentile of the milliseconds that others wait for their lists."""
    url, end = f"{world.product.url}{CONNECTORS}", time.monotonic() + seconds

    def ask(number: int) -> list[float]:
        times: list[float] = []
        with requests.Session() as session:
            while time.monotonic() < end or not times:
                started_at = time.perf_counter()
                session.get(url, headers=world.headers[number], timeout=60).raise_for_status()
                times.append(1000 * (time.perf_counter() - started_at))
                time.sleep(OTHERS_INTERVAL)
        return times

    with ThreadPoolExecutor(OTHERS) as pool:
        times = [one for part in pool.map(ask, range(1, OTHERS + 1)) for one in part]
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


@contextmanager
def _storm(world: ManyTenants, kind: str) -> Iterator[None]:
    """Have one tenant send as many requests as it can until the block ends.

    A caller that is refused waits for the time in Retry-After.
    """
    headers, url = world.headers[0], f"{world.product.url}{CONNECTORS}"
    if kind == "changes":
        url += "/" + requests.get(url, headers=headers, timeout=60).json()[0]["id"]
    command = [sys.executable, "-m", "bench.storm", url, kind]
    with subprocess.Popen(command, cwd=servers.ROOT, stdin=PIPE, stdout=PIPE, text=True) as process:
        _tell(process, headers["Authorization"])
        try:
            yield
        finally:
            process.communicate()


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    """Write a line to a process, and wait for its answer."""
    if process.stdin and process.stdout:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        process.stdout.readline()


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return 1 if a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m bench.tenants", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few tenants, to see that it works")
    measured = []
    for figure in figures(SMALL if parser.parse_args(arguments).small else Size()):
        print(f"{figure.what}: {figure.value:,.1f} {figure.unit}", file=sys.stderr, flush=True)
        measured.append(figure)
    print(table(measured))
    return conclude(measured)


if __name__ == "__main__":
    sys.exit(main())
