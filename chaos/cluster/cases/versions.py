"""Versions of the program and of the database that differ."""

import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from subprocess import PIPE

import psycopg
from alembic import command
from alembic.config import Config

from bench.figures import Figure
from bench.servers import ROOT, clean_environment
from chaos.cluster.cluster import DASHBOARD, PROXY, Cluster
from chaos.cluster.node import READY, Node
from chaos.cluster.observed import observing
from pbf.store import migrations
from pbf.store.engines.engine import create_engine_for

VERSIONS = Path(migrations.__file__).with_name("versions")
NEWER = "0099"
ADDRESS = ("--server.address", "127.0.0.1")
ADDED = "ALTER TABLE audit ADD COLUMN country VARCHAR(2) DEFAULT 'FR' NOT NULL"
REMOVED = "ALTER TABLE audit DROP COLUMN country"
# Seconds until a process is ready after the migration.
LONGEST_READY = 20.0
# Seconds in which both versions work side by side.
SIDE_BY_SIDE = 10.0


def side_by_side(cluster: Cluster) -> Iterator[Figure]:
    """Run the version before the newest migration beside this one, and then replace it."""
    folder = cluster.folder / "older"
    _check_out(_before_newest_migration(), folder)
    old = [part[0] for part in (cluster.dashboards, cluster.proxies) if part]
    with cluster.on_new_database("older"), _of_older_version(old, folder):
        for node in old:
            node.start()
        for node in old:
            node.wait()
        with observing(cluster, "Old and new version side by side") as observed:
            cluster.start_nodes()
            time.sleep(SIDE_BY_SIDE)
            for node in old:
                node.stop()
                _renew(node)
                node.start()
                node.wait()
        yield from observed.reads()
        yield from observed.writes()
        yield from observed.tabs_back()
        yield from observed.audit()


@contextmanager
def _of_older_version(nodes: list[Node], folder: Path) -> Iterator[None]:
    """Have processes run the sources of a folder until the block ends."""
    for node in nodes:
        node.root, node.health = folder, "/_/healthz"
        if node.command == DASHBOARD:
            node.command = ("streamlit", "run", str(folder / "app.py"), *ADDRESS)
    try:
        yield
    finally:
        for node in nodes:
            _renew(node)


def _renew(node: Node) -> None:
    node.root, node.health = ROOT, READY
    node.command = PROXY if node.command == PROXY else DASHBOARD


def newer(cluster: Cluster) -> Iterator[Figure]:
    """A newer version has migrated the database, and processes of this one go on and start."""
    with observing(cluster, "PostgreSQL newer") as observed:
        cluster.execute(ADDED)
        _set_version(cluster, NEWER)
        cluster.dashboards[0].stop()
        cluster.dashboards[0].start()
        cluster.dashboards[0].wait()
    cluster.execute(REMOVED)
    _set_version(cluster, _revisions()[-1])
    yield from observed.reads()
    yield from observed.writes()
    yield from observed.audit()


def older(cluster: Cluster) -> Iterator[Figure]:
    """The tables are older than the program, which may not migrate them itself."""
    area = "PostgreSQL older"
    with cluster.on_new_database("outdated"):
        _migrate(cluster.database_url, _revisions()[-2])
        nodes = [part[0] for part in (cluster.dashboards, cluster.proxies) if part]
        for node in nodes:
            node.start(PBF_MIGRATE="off")
        for node in nodes:
            _wait_alive(node)
        alive = sum(node.status("/_/healthz") == 200 for node in nodes)
        lists = {node.status("/_/connectors") for node in nodes}
        ready = sum(node.status("/_/readyz") == 200 for node in nodes)
        environment = {**clean_environment(), **cluster.settings()}
        migrate = [sys.executable, "-m", "pbf", "migrate"]
        subprocess.run(migrate, env=environment, cwd=cluster.folder, check=True, stdout=PIPE)
        taken = max(node.wait() for node in nodes)
    yield Figure(area, f"of {len(nodes)} processes are alive", alive, "", at_least=len(nodes))
    yield Figure(area, "are ready before the migration", ready, "", at_most=0)
    wrong = lists - {503}
    yield Figure(area, f"lists not refused by 503 ({lists})", len(wrong), "", at_most=0)
    yield Figure(area, "ready after the migration", taken, "s", at_most=LONGEST_READY)


def empty(cluster: Cluster) -> Iterator[Figure]:
    """All processes start at once on an empty database."""
    area = f"PostgreSQL empty, {len(cluster.nodes)} starts at once"
    with cluster.on_new_database("nothing"):
        started_at = time.monotonic()
        cluster.start_nodes()
        taken = time.monotonic() - started_at
        rows = cluster.count("SELECT count(*) FROM alembic_version")
        version = cluster.count("SELECT version_num::int FROM alembic_version")
    yield Figure(area, "until all are ready", taken, "s", at_most=60)
    yield Figure(area, "rows of its version", rows, "", at_most=1)
    yield Figure(area, "its version", version, "", at_least=int(_revisions()[-1]))


def _set_version(cluster: Cluster, version: str) -> None:
    with psycopg.connect(cluster.database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = %s", (version,))


def _revisions() -> list[str]:
    return sorted(path.name[1:5] for path in VERSIONS.glob("v*.py"))


def _migrate(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations.MIGRATIONS))
    engine = create_engine_for(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def _before_newest_migration() -> str:
    newest = sorted(VERSIONS.glob("v*.py"))[-1].relative_to(ROOT)
    added = _git("log", "-1", "--format=%H", "--diff-filter=A", "--", str(newest))
    return f"{added.decode().strip()}^"


def _check_out(commit: str, folder: Path) -> None:
    with tarfile.open(fileobj=BytesIO(_git("archive", commit))) as archive:
        archive.extractall(folder, filter="data")


def _git(*words: str) -> bytes:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, stdout=PIPE)
    if done.returncode:
        raise RuntimeError("an older version needs the repository with its history")
    return done.stdout


def _wait_alive(node: Node) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and node.status("/_/healthz") != 200:
        time.sleep(0.1)
