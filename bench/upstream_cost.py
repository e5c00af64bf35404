"""Requests to Fivetran that views and calls cause, and how soon two processes agree."""

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
from pbf.rules.list_lifetime import QUIET_LIFETIME

CONNECTORS = 1000
# Each list fits on one page.
LIST_REQUESTS = 2
CALLERS = 32


def figures(scale: Scale) -> Iterator[Figure]:
    """Count requests to an account of paused connectors, whose lists stay fresh for a minute."""
    area = "Requests to Fivetran, 1,000 connectors"
    with (
        servers.upstream(CONNECTORS, quiet=True) as upstream,
        servers.dashboard(upstream) as product,
    ):
        _sessions(product, "connectors", scale.cold_sessions, "--at-once")
        name = f"{scale.cold_sessions} sessions that start cold"
        yield Figure(area, name, servers.counted(upstream), "", at_most=LIST_REQUESTS)
        started_at, before = time.monotonic(), servers.counted(upstream)
        _sessions(product, "services", scale.views // 2)
        _sessions(product, "connectors", scale.views // 2)
        viewed = servers.counted(upstream)
        yield Figure(area, f"{scale.views:,} page views", viewed - before, "")
        _call(product, scale.calls)
        called = servers.counted(upstream)
        yield Figure(area, f"{scale.calls:,} route calls", called - viewed, "")
        refreshes = math.ceil((time.monotonic() - started_at) / QUIET_LIFETIME)
        beyond = max(0, called - before - refreshes)
        yield Figure(area, "both, beyond the refreshes allowed", beyond, "", at_most=3)
    yield from _two_processes(scale)


def _sessions(product: Server, page: str, count: int, *options: str) -> None:
    command = [sys.executable, "-m", "bench.sessions", product.url, page, str(count), *options]
    subprocess.run(command, check=True, cwd=servers.ROOT)


def _call(product: Server, calls: int) -> None:
    completed = 0.0
    while completed < calls:
        completed += measure(f"{product.url}{PATHS[1]}", callers=CALLERS, seconds=1).rate


def _two_processes(scale: Scale) -> Iterator[Figure]:
    if shutil.which("redis-server") is None:
        print(
            "Skipped: two processes with one Redis; redis-server is not installed.", file=sys.stderr
        )
        return
    with servers.upstream(CONNECTORS, quiet=True) as upstream, _redis() as url:
        settings = servers.account(upstream, PBF_REDIS_URL=url)
        writing = servers.running("pbf", "proxy", health="/_/healthz", env=settings)
        reading = servers.running("pbf", "proxy", health="/_/healthz", env=settings)
        with writing as writer, reading as reader:
            delays = [_agree(writer.url, reader.url, number) for number in range(scale.rounds)]
    area = "Two processes with one Redis"
    yield Figure(area, "a change in one shows in the other", median(delays), "ms", at_most=1000)


def _agree(writer: str, reader: str, number: int) -> float:
    """Return the milliseconds until one process shows a connector that the other one created."""
    requests.get(f"{reader}{PATHS[1]}", timeout=30)
    body = {"service": "stripe", "name": f"bench {number}"}
    connector_id = requests.post(f"{writer}{PATHS[1]}", json=body, timeout=30).json()["id"]
    started_at = time.perf_counter()
    while connector_id not in requests.get(f"{reader}{PATHS[1]}", timeout=30).text:
        if time.perf_counter() - started_at > servers.TIMEOUT:
            raise RuntimeError("the other process does not show the connector")
    return 1000 * (time.perf_counter() - started_at)


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
