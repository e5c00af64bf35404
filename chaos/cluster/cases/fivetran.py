"""Fivetran answers slowly, and clocks differ."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from bench.figures import Figure
from bench.servers import ROOT
from chaos.cluster.cases.cache import LONGEST_UNSEEN, connectors, seen_elsewhere
from chaos.cluster.cluster import Cluster
from chaos.cluster.node import Node
from chaos.cluster.observed import observing

# The threads of the routes, in a dashboard and alone.
THREADS = {"dashboard": 10, "routes": 16}
SKEW = 600
LIBRARIES = "*/faketime/libfaketimeMT.so.1"
# libfaketime lets time.sleep fail when it leaves the monotonic clock alone.
SLEEP = """\
import select
import time

time.sleep = lambda seconds: select.select([], [], [], seconds)
"""
# Longer than a lease, which is held by a process whose clock is wrong.
LONG_CREATION = 20.0


def slow(cluster: Cluster) -> Iterator[Figure]:
    """Fivetran takes long for twice as many requests as there are threads."""
    nodes = [part[-1] for part in (cluster.dashboards, cluster.proxies) if part]
    connector = connectors(nodes[0])[0]["id"]
    callers = [(node, f"/_/connectors/{connector}/form") for node in nodes for _ in _twice(node)]
    cluster.fivetran.add_fault(
        kind="delay",
        path=f"/v1/connections/{connector}/connect-card",
        seconds=cluster.size.slow,
        times=len(callers),
    )
    pool = ThreadPoolExecutor(len(callers))
    with observing(cluster, "Fivetran slow") as observed, pool:
        statuses = Counter(pool.map(lambda one: _status(*one), callers))
    cluster.fivetran.clear_faults()
    yield from observed.quick_reads()
    text = ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
    others = sum(count for status, count in statuses.items() if status not in (200, 503))
    yield Figure("Fivetran slow", f"cards neither made nor refused ({text})", others, "", at_most=0)


def clocks(cluster: Cluster) -> Iterator[Figure]:
    """The clocks of two processes are ten minutes ahead and behind."""
    area = "Clocks 600 s apart"
    library = next(iter(sorted(Path("/usr/lib").glob(LIBRARIES))), None)
    if library is None:
        raise RuntimeError("install your system's faketime")
    skewed = [cluster.dashboards[-1], (cluster.proxies or cluster.dashboards)[0]]
    for node, sign in zip(skewed, "+-", strict=True):
        node.stop()
        faked = {"LD_PRELOAD": str(library), "FAKETIME": f"{sign}{SKEW}s"}
        path = f"{_with_sleep(cluster)}:{ROOT}"
        node.start(**faked, FAKETIME_DONT_FAKE_MONOTONIC="1", PYTHONPATH=path)
    for node in skewed:
        node.wait()
    with observing(cluster, area) as observed:
        seen = max(seen_elsewhere(cluster, node) for node in (*skewed, cluster.dashboards[0]))
        statuses, made = _create_long(cluster, skewed)
    for node in skewed:
        node.stop()
    cluster.start_nodes()
    yield from observed.reads()
    yield from observed.writes()
    yield Figure(area, "until a change is seen elsewhere", seen, "s", at_most=LONGEST_UNSEEN)
    yield Figure(area, f"connectors of a creation of {LONG_CREATION:g} s", made, "", at_most=1)
    yield Figure(area, "its calls done", statuses[200], "", at_least=1)
    yield from observed.audit()


def _with_sleep(cluster: Cluster) -> Path:
    """Return a folder from which Python reads another time.sleep at its start."""
    folder = cluster.folder / "sleep"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(SLEEP, encoding="utf-8")
    return folder


def _create_long(cluster: Cluster, skewed: list[Node]) -> tuple[Counter[int], int]:
    """Have all processes create the same connector at once, which takes longer than a lease."""
    name = f"skew_{int(time.time())}"
    creation = {"kind": "delay", "method": "POST", "path": "/v1/connections"}
    cluster.fivetran.add_fault(**creation, seconds=LONG_CREATION)
    statuses: Counter[int] = Counter()

    def create(node: Node) -> None:
        body, key = {"service": "stripe", "name": name}, {"Idempotency-Key": name}
        url = f"{node.url}/_/connectors"
        statuses[requests.post(url, json=body, headers=key, timeout=60).status_code] += 1

    others = [node for node in cluster.nodes if node not in skewed]
    threads = [threading.Thread(target=create, args=(node,)) for node in (*skewed, *others)]
    for thread in threads:
        thread.start()
        time.sleep(LONG_CREATION / len(threads))
    for thread in threads:
        thread.join()
    names = [one["schema"] for one in cluster.fivetran.connectors()]
    return statuses, sum(one.startswith(name) for one in names)


def _twice(node: Node) -> range:
    return range(2 * THREADS[node.name.partition("-")[0]])


def _status(node: Node, path: str) -> int:
    return requests.get(f"{node.url}{path}", timeout=120).status_code
