"""Redis is away, hangs, or refuses: no call fails, and changes are seen elsewhere."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import requests

from bench.figures import Figure
from chaos.cluster.cluster import Cluster
from chaos.cluster.node import Node
from chaos.cluster.observed import observing, wait_for

# Seconds until a change made by one process is seen on another.
LONGEST_UNSEEN = 15.0
# Seconds that Fivetran takes for a list while its reader is killed.
DELAY = 5.0


def case(
    area: str, *troubles: Callable[[Cluster], object]
) -> Callable[[Cluster], Iterator[Figure]]:
    """Return the case of a trouble: how it begins, and how it ends."""
    return partial(_observe, area=area, troubles=troubles)


def _observe(
    cluster: Cluster, *, area: str, troubles: tuple[Callable[[Cluster], object], ...]
) -> Iterator[Figure]:
    begin, *end = troubles
    with observing(cluster, area) as observed:
        begin(cluster)
        try:
            during = seen_elsewhere(cluster)
            time.sleep(cluster.size.trouble / 3)
        finally:
            for action in end:
                action(cluster)
        after = seen_elsewhere(cluster)
    yield from observed.reads()
    yield from observed.writes()
    for name, seconds in (("during it", during), ("after it", after)):
        what = f"until a change is seen elsewhere, {name}"
        yield Figure(area, what, seconds, "s", at_most=LONGEST_UNSEEN)


def seen_elsewhere(cluster: Cluster, node: Node | None = None) -> float:
    """Change a connector by one process, and return the seconds until all others show it."""
    nodes = [node for node in cluster.nodes if node.runs]
    node = node or nodes[-1]
    connector = connectors(node)[-1]
    paused = not connector["paused"]
    path = f"/_/connectors/{connector['id']}"
    requests.patch(f"{node.url}{path}", json={"paused": paused}, timeout=60).raise_for_status()
    return wait_for(lambda: all(_shows(node, path, paused) for node in nodes))


def connectors(node: Node) -> list[dict[str, object]]:
    """Return the connectors as a process shows them, without those that callers have created."""
    response = requests.get(f"{node.url}/_/connectors", timeout=60)
    if not response.ok:
        raise RuntimeError(f"{node.name} answered {response.status_code}: {response.text}")
    rows = response.json()
    return [row for row in rows if not row["schema"].startswith("load_")]


def _shows(node: Node, path: str, paused: bool) -> bool:
    response = requests.get(f"{node.url}{path}", timeout=60)
    return response.status_code == 200 and response.json()["paused"] is paused


def stop(cluster: Cluster) -> None:
    """End Redis."""
    cluster.redis.stop()


def kill(cluster: Cluster) -> None:
    """Kill Redis."""
    cluster.redis.stop(signal.SIGKILL)


def start(cluster: Cluster) -> None:
    """Start Redis again, empty."""
    cluster.redis.start()


def wait_away(cluster: Cluster) -> None:
    """End Redis, for a while."""
    cluster.redis.stop()
    time.sleep(cluster.size.away)


def freeze(cluster: Cluster) -> None:
    """Let Redis accept connections and answer nothing."""
    cluster.redis.send(signal.SIGSTOP)


def thaw(cluster: Cluster) -> None:
    """Let it go on."""
    cluster.redis.send(signal.SIGCONT)


def fill(cluster: Cluster) -> None:
    """Leave no memory to write with."""
    cluster.redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    cluster.redis.command("CONFIG", "SET", "maxmemory", "1mb")


def empty(cluster: Cluster) -> None:
    """Give memory again."""
    cluster.redis.command("CONFIG", "SET", "maxmemory", "0")


def replicate(cluster: Cluster) -> None:
    """Make it a replica, which refuses to write, of a server that is away."""
    cluster.redis.command("REPLICAOF", "127.0.0.1", "9")


def promote(cluster: Cluster) -> None:
    """Make it independent again."""
    cluster.redis.command("REPLICAOF", "NO", "ONE")


def flush(cluster: Cluster) -> None:
    """Remove all keys."""
    cluster.redis.command("FLUSHALL")


def kill_holder(cluster: Cluster) -> Iterator[Figure]:
    """Kill the process that holds the lock around a list."""
    area = "Redis: kill -9 of who holds the lock"
    holder, *others = cluster.nodes
    changed = _make_stale(cluster, holder, others)
    taken = wait_for(lambda: all(_shows(node, *changed) for node in others))
    cluster.fivetran.clear_faults()
    cluster.start_nodes()
    yield Figure(area, "until others show a change", taken, "s", at_most=LONGEST_UNSEEN)


def _make_stale(cluster: Cluster, holder: Node, others: list[Node]) -> tuple[str, bool]:
    """Change a connector, and kill a process while it reads the list; return what was changed."""
    connector = connectors(holder)[-1]
    path, paused = f"/_/connectors/{connector['id']}", not connector["paused"]
    for node in others:
        node.freeze()
    try:
        cluster.fivetran.add_fault(
            kind="delay", method="GET", path="/v1/groups/*/connections", seconds=DELAY, times=1000
        )
        change = f"{holder.url}{path}"
        with suppress(requests.Timeout):  # it reads the list again, with the lock
            requests.patch(change, json={"paused": paused}, timeout=DELAY / 2)
        wait_for(lambda: bool(cluster.redis.command("KEYS", "*:lock:*")))
        holder.kill()
        cluster.fivetran.clear_faults()
    finally:
        for node in others:
            node.thaw()
    return path, paused
