"""A process is killed or replaced while people work."""

import threading
import time
from collections.abc import Iterator

import requests

from bench.figures import Figure
from chaos.cluster.cluster import Cluster
from chaos.cluster.node import Node
from chaos.cluster.observed import observing

# Seconds until a creation has ended that a process left behind.
LONGEST_CREATION = 20.0
# nginx does not use a process again before that time, its `fail_timeout` and a little more.
TRIED_AGAIN = 3.5


def kill(cluster: Cluster) -> Iterator[Figure]:
    """Kill a dashboard and a process of the routes alone."""
    with observing(cluster, "kill -9") as observed:
        for node in _one_of_each(cluster):
            node.kill()
    cluster.start_nodes()
    yield from observed.reads()
    yield from observed.tabs_back()
    yield from observed.audit()


def sigterm(cluster: Cluster) -> Iterator[Figure]:
    """End a dashboard and a process of the routes alone by SIGTERM."""
    area = "SIGTERM"
    with observing(cluster, area) as observed:
        taken = max(node.stop() for node in _one_of_each(cluster))
    cluster.start_nodes()
    yield from observed.reads()
    yield from observed.writes()
    yield Figure(area, "until the process has ended", taken, "s")
    yield from observed.tabs_back()
    yield from observed.audit()


def rolling_restart(cluster: Cluster) -> Iterator[Figure]:
    """Replace every process, one after the other."""
    with observing(cluster, "Rolling restart") as observed:
        for node in cluster.nodes:
            node.stop()
            node.start()
            node.wait()
            time.sleep(TRIED_AGAIN)
    yield from observed.reads()
    yield from observed.writes()
    yield from observed.tabs_back()
    yield from observed.audit()


def kill_during_creation(cluster: Cluster) -> Iterator[Figure]:
    """Kill a process while Fivetran creates a connector for it; the caller repeats elsewhere."""
    area, name = "kill -9 during a creation", f"cut_{int(time.time())}"
    # nginx passes the calls that follow to another one.
    node = cluster.proxies[0] if len(cluster.proxies) > 1 else cluster.dashboards[0]
    creation = {"kind": "delay", "method": "POST", "path": "/v1/connections"}
    cluster.fivetran.add_fault(**creation, seconds=cluster.size.creation)
    cluster.fivetran.clear_requests()
    caller = threading.Thread(target=_create, args=(node.url, name))
    caller.start()
    time.sleep(cluster.size.creation / 2)
    node.kill()
    killed_at = time.monotonic()
    caller.join()
    refused, status = 0, 0
    while status != 200 and time.monotonic() < killed_at + 3 * LONGEST_CREATION:
        status = _create(cluster.url, name)
        refused += status != 200
        time.sleep(0.5)
    taken = time.monotonic() - killed_at
    cluster.start_nodes()
    names = [one["schema"] for one in cluster.fivetran.connectors()]
    yield Figure(area, "until it is created, for the caller", taken, "s", at_most=LONGEST_CREATION)
    yield Figure(area, "connectors of its name", names.count(name), "", at_most=1, at_least=1)
    yield Figure(area, "connectors of another name", _other(names, name), "", at_most=0)
    yield Figure(area, "calls meanwhile that were asked to wait", refused, "")


def _other(names: list[str], name: str) -> int:
    return sum(other.startswith(f"{name}_") for other in names)


def _create(url: str, name: str) -> int:
    try:
        return requests.post(
            f"{url}/_/connectors",
            json={"service": "stripe", "name": name},
            headers={"Idempotency-Key": name},
            timeout=60,
        ).status_code
    except requests.RequestException:
        return 0


def _one_of_each(cluster: Cluster) -> list[Node]:
    return [nodes[0] for nodes in (cluster.dashboards, cluster.proxies) if nodes]
