"""Deletions that are due are carried out once, though processes are killed."""

import time
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

import requests

from bench.figures import Figure
from chaos.cluster.cluster import Cluster
from chaos.cluster.observed import wait_for

# Seconds between two kills, and until everything is deleted.
KILL_EVERY, LONGEST = 3.0, 240.0
KILLS = 5
DUE = "UPDATE deletions SET due_at = extract(epoch FROM now()) - 1"
LEFT = "SELECT count(*) FROM deletions"


def due(cluster: Cluster) -> Iterator[Figure]:
    """Have many deletions fall due while all processes are away, and kill some as they work."""
    area = f"{cluster.size.deletions} deletions due"
    deleted = _delete(cluster)
    cluster.stop_nodes()
    cluster.execute(DUE)
    cluster.fivetran.clear_requests()
    started_at, kills = time.monotonic(), 0
    cluster.start_nodes()
    for node in cycle(cluster.nodes):
        if kills == KILLS or not cluster.count(LEFT):
            break
        node.kill()
        kills += 1
        node.start()
        time.sleep(KILL_EVERY)
    wait_for(lambda: not cluster.count(LEFT), LONGEST)
    taken = time.monotonic() - started_at
    sent = Counter(
        entry["path"].rpartition("/")[2]
        for entry in cluster.fivetran.requests()
        if entry["method"] == "DELETE" and entry["status"] == 200
    )
    entries = Counter(one for one, _ in cluster.audited("delete for good", outcome=None))
    there = {str(one["id"]) for one in cluster.fivetran.connectors()}
    yield Figure(area, f"until they are done, with {kills} kills", taken, "s", at_most=LONGEST)
    yield Figure(area, "connectors that are still there", len(there & deleted), "", at_most=0)
    for name, counts in (("at Fivetran", sent), ("in the audit log", entries)):
        wrong = sum(counts[one] != 1 for one in deleted)
        yield Figure(area, f"not exactly once {name}", wrong, "", at_most=0)


def _delete(cluster: Cluster) -> set[str]:
    """Delete connectors, which can be undone, and return their ids."""
    before = {str(one["id"]) for one in cluster.fivetran.connectors()}
    cluster.fivetran.seed(cluster.size.deletions)
    added = {str(one["id"]) for one in cluster.fivetran.connectors()} - before
    node = cluster.nodes[-1]
    wait_for(lambda: added <= {row["id"] for row in _listed(node.url)})
    for connector in added:
        requests.delete(f"{node.url}/_/connectors/{connector}", timeout=60).raise_for_status()
    return added


def _listed(url: str) -> list[dict[str, str]]:
    return list(requests.get(f"{url}/_/connectors", timeout=60).json())
