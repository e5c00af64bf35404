"""What people and programs cost at Fivetran, and how soon processes agree."""

import math
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from tempfile import TemporaryDirectory

import requests

from bench import servers
from bench.figures import Figure
from bench.floor import PATHS
from bench.load import measure
from bench.scale import Scale
from bench.servers import Server
from pbf.rules.refresh import QUIET_LIFETIME

CONNECTORS = 1000
# Both lists fit into a page each.
PAGES_OF_BOTH = 2
CALLERS = 32


def figures(scale: Scale) -> Iterator[Figure]:
    """Count at an upstream where nothing moves, so that the lists live for a minute."""
    area = "Requests to Fivetran, 1,000 connectors"
    with servers.upstream(CONNECTORS, quiet=True) as far, servers.dashboard(far) as ours:
        _sessions(ours, "connectors", scale.cold_sessions, "--at-once")
        name = f"{scale.cold_sessions} sessions that start cold"
        yield Figure(area, name, servers.counted(far), "", at_most=PAGES_OF_BOTH)
        began, before = time.monotonic(), servers.counted(far)
        _sessions(ours, "services", scale.views // 2)
        _sessions(ours, "connectors", scale.views // 2)
        viewed = servers.counted(far)
        yield Figure(area, f"{scale.views:,} page views", viewed - before, "")
        _call(ours, scale.calls)
        called = servers.counted(far)
        yield Figure(area, f"{scale.calls:,} route calls", called - viewed, "")
        refreshes = math.ceil((time.monotonic() - began) / QUIET_LIFETIME)
        beyond = max(0, called - before - refreshes)
        yield Figure(area, "both, beyond the refreshes allowed", beyond, "", at_most=3)
    yield from _two_processes(scale)


def _sessions(ours: Server, page: str, count: int, *more: str) -> None:
    command = [sys.executable, "-m", "bench.sessions", ours.url, page, str(count), *more]
    subprocess.run(command, check=True, cwd=servers.ROOT)


def _call(ours: Server, calls: int) -> None:
    done = 0.0
    while done < calls:
        done += measure(f"{ours.url}{PATHS[1]}", callers=CALLERS, seconds=1).rate


def _two_processes(scale: Scale) -> Iterator[Figure]:
    if shutil.which("redis-server") is None:
        print("Left out: two processes with Redis, for want of redis-server.", file=sys.stderr)
        return
    with servers.upstream(CONNECTORS, quiet=True) as far, _redis() as url:
        settings = servers.account(far, PBF_REDIS_URL=url)
        here = servers.running("pbf", "proxy", health="/_/healthz", env=settings)
        there = servers.running("pbf", "proxy", health="/_/healthz", env=settings)
        with here as one, there as other:
            taken = [_agree(one.url, other.url, number) for number in range(scale.rounds)]
    area = "Two processes with one Redis"
    yield Figure(area, "a change in one shows in the other", median(taken), "ms", at_most=1000)


def _agree(one: str, other: str, number: int) -> float:
    """Return the milliseconds until another process shows a connector that was made in one."""
    requests.get(f"{other}{PATHS[1]}", timeout=30)
    wanted = {"service": "stripe", "name": f"bench {number}"}
    made = requests.post(f"{one}{PATHS[1]}", json=wanted, timeout=30).json()["id"]
    began = time.perf_counter()
    while made not in requests.get(f"{other}{PATHS[1]}", timeout=30).text:
        if time.perf_counter() - began > servers.PATIENCE:
            raise RuntimeError("the other process never shows it")
    return 1000 * (time.perf_counter() - began)


@contextmanager
def _redis() -> Iterator[str]:
    port = servers.free_port()
    with TemporaryDirectory() as folder:
        command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
        process = subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL)
        try:
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait()
