"""A machine with a full disk, and a process that may write nothing and is not root."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.figures import Figure
from bench.sessions import views
from chaos.cluster.cases.database import filled
from chaos.cluster.cluster import PROXY, Cluster
from chaos.cluster.node import Node

USER = "10001"
# Reads everything, as if the program belonged to the user, and writes only what the user may.
NOT_ROOT = (
    *("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"),
    *("--inh-caps", "-all,+dac_read_search", "--ambient-caps", "-all,+dac_read_search"),
)
READ_ONLY = (
    *("unshare", "--mount", "sh", "-c"),
    'mount -o remount,bind,ro / && mount -t tmpfs -o ro tmpfs /dev/shm && exec "$@"',
    "sh",
)
LONGEST_REFUSAL = 5.0
DISK = "32m"


def not_root(cluster: Cluster) -> Iterator[Figure]:
    """Run the product as a user who may write nothing, on a tree that is read-only."""
    area = "Not root, nothing writable"
    nodes = [cluster.node("bare-dashboard"), cluster.node("bare-routes", PROXY)]
    try:
        for node in nodes:
            node.wrapper = (*READ_ONLY, *NOT_ROOT)
            node.start(HOME="/nonexistent", PYTHONDONTWRITEBYTECODE="1")
        for node in nodes:
            node.wait()
        views(nodes[0].url, "connectors", 1)
        failed = sum(_create(node, f"bare_{node.port}").status_code != 200 for node in nodes)
        user = Path(f"/proc/{nodes[0].pid}").stat().st_uid
        tracebacks = sum("Traceback" in node.log.read_text() for node in nodes)
    finally:
        for node in nodes:
            node.kill()
    yield Figure(area, "its user", user, "", at_least=int(USER))
    yield Figure(area, "of 2 creations failed", failed, "", at_most=0)
    yield Figure(area, "logs with a traceback", tracebacks, "", at_most=0)


def disk_full(cluster: Cluster) -> Iterator[Figure]:
    """The disk of an SQLite database is full for a while."""
    area = "SQLite, disk full"
    with _disk(cluster.folder / "disk") as disk:
        url = f"sqlite:///{disk}/pbf.sqlite3"
        node = cluster.node("small-disk", PROXY, PBF_DATABASE_URL=url, PBF_REDIS_URL="")
        node.start()
        try:
            node.wait()
            with filled(disk):
                started_at = time.monotonic()
                refused = _create(node, f"full_{node.port}")
                taken = time.monotonic() - started_at
                reads = [node.status(path) for path in ("/_/connectors", "/_/healthz")]
            done = _create(node, f"full_{node.port}")
        finally:
            node.kill()
    yield Figure(area, "reads that failed", sum(one != 200 for one in reads), "", at_most=0)
    yield Figure(area, "status of a creation", refused.status_code, "", at_least=503)
    yield Figure(area, "until it is refused", taken, "s", at_most=LONGEST_REFUSAL)
    yield Figure(area, "its status with space again", done.status_code, "", at_most=200)


@contextmanager
def _disk(folder: Path) -> Iterator[Path]:
    """Mount a small disk until the block ends."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def _create(node: Node, name: str) -> requests.Response:
    body = {"service": "stripe", "name": name}
    headers = {"Idempotency-Key": name}
    return requests.post(f"{node.url}/_/connectors", json=body, headers=headers, timeout=60)
