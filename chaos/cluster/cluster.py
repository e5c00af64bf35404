"""The whole: PostgreSQL, Redis, the sandbox, dashboards and routes alone, nginx, tabs and calls."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.postgres import Postgres
from bench.redis_server import RedisServer
from bench.servers import SIGNING_KEY, free_port
from chaos.cluster.calls import Calls, calling
from chaos.cluster.fivetran import Fivetran
from chaos.cluster.front import Nginx, Variant
from chaos.cluster.node import Node
from chaos.cluster.tabs import Tab, open_tabs

DASHBOARD, PROXY = ("pbf", "serve"), ("pbf", "proxy")
STREAMLIT = {
    "STREAMLIT_SERVER_HEADLESS": "true",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
}
# The size of the disk of PostgreSQL, which keeps 80 MB of its own log.
DISK = "400m"
POSTGRES_OPTIONS = {"max_wal_size": "96MB", "max_connections": "200", "shared_buffers": "16MB"}


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large a cluster is, and how long a part of it is away, in seconds."""

    dashboards: int = 3
    proxies: int = 2
    tabs: int = 60
    connectors: int = 100
    away: float = 60.0
    # How long other troubles last.
    trouble: float = 15.0
    deletions: int = 60
    unknown_paths: int = 20_000
    opened_tabs: int = 1_000
    slow: float = 12.0
    # How long the load is there before and after a trouble.
    calm: float = 3.0
    # How long Fivetran takes for a creation whose process is killed.
    creation: float = 4.0


SMALL = Size(
    dashboards=2, proxies=0, tabs=5, connectors=20, away=3.0, trouble=3.0, calm=1.0, creation=2.0
)


class Cluster:
    """What runs, and what is known of it."""

    def __init__(self, folder: Path, size: Size) -> None:
        """Prepare everything in a folder; `start` runs it."""
        self.folder, self.size = folder, size
        self.postgres_folder = _subfolder(folder, "postgres")
        # With a disk of its own, PostgreSQL alone notices that it is full.
        self.has_own_disk = os.geteuid() == 0 and not _mount(self.postgres_folder)
        self.postgres = Postgres(self.postgres_folder, POSTGRES_OPTIONS)
        self.database_url = self.postgres.url
        self.redis = RedisServer(folder)
        self.fivetran = Fivetran(folder, size.connectors)
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        numbers = range(1, size.dashboards + 1)
        self.dashboards = [self.node(f"dashboard-{number}") for number in numbers]
        numbers = range(1, size.proxies + 1)
        self.proxies = [self.node(f"routes-{number}", PROXY) for number in numbers]
        dashboards = [node.port for node in self.dashboards]
        proxies = [node.port for node in self.proxies] or dashboards
        self.nginx = Nginx(_subfolder(folder, "nginx"), self.port, dashboards, proxies)

    @property
    def nodes(self) -> list[Node]:
        """The processes of the product behind nginx."""
        return [*self.dashboards, *self.proxies]

    def node(self, name: str, command: Sequence[str] = DASHBOARD, **settings: str) -> Node:
        """Return another process of the product, which does not run yet."""
        return Node(name, command, self.folder, {**self.settings(), **settings})

    def settings(self) -> dict[str, str]:
        """Return the settings that all processes share."""
        return {
            **STREAMLIT,
            **self.fivetran.settings,
            "PBF_DATABASE_URL": self.database_url,
            "PBF_REDIS_URL": self.redis.url,
            "PBF_SIGNING_KEY": SIGNING_KEY,
            "PBF_PUBLIC_URL": self.url,
            "PBF_TRUSTED_PROXIES": "1",
            "PBF_CREATE_LIMIT": "off",
            "PBF_ACTION_LIMIT": "off",
            "PBF_TOTAL_ACTION_LIMIT": "off",
        }

    def start(self) -> None:
        """Start everything, and wait until it is ready."""
        self.postgres.start()
        self.redis.start()
        self.fivetran.node.start()
        self.fivetran.node.wait()
        self.start_nodes()
        self.nginx.start()

    def start_nodes(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the processes of the product that do not run, and wait until they are ready."""
        missing = [node for node in self.nodes if not node.runs]
        for node in missing:
            node.start(**(settings or {}))
        for node in missing:
            node.wait()

    def stop_nodes(self) -> None:
        """Kill the processes of the product."""
        for node in self.nodes:
            node.kill()

    def stop(self) -> None:
        """Stop everything."""
        self.nginx.stop()
        self.stop_nodes()
        self.fivetran.node.kill()
        self.redis.stop(signal.SIGKILL)
        self.postgres.stop()
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", self.postgres_folder], check=True)

    @contextmanager
    def under_load(self, *, writes: bool = True) -> Iterator[tuple[Sequence[Tab], Calls]]:
        """Keep tabs open and call the routes until the block ends."""
        with (
            open_tabs(self.url, self.size.tabs) as tabs,
            calling(self.url, [node.url for node in self.nodes], writes=writes) as calls,
        ):
            yield tabs, calls

    @contextmanager
    def behind(self, variant: Variant) -> Iterator[str]:
        """Have nginx serve it in another way until the block ends, and yield the address."""
        self.nginx.stop()
        url = self.nginx.start(variant)
        try:
            self._move_to(url)
            yield url
        finally:
            self.nginx.stop()
            self.nginx.start()
            self._move_to(self.url)

    def _move_to(self, url: str) -> None:
        """Restart the processes if they have another address."""
        if self.nodes[0].settings["PBF_PUBLIC_URL"] != url:
            self.stop_nodes()
            self._set("PBF_PUBLIC_URL", url)
            self.start_nodes()

    @contextmanager
    def on_new_database(self, name: str) -> Iterator[None]:
        """Have processes use an empty database until the block ends; none of them runs then."""
        self.stop_nodes()
        self.execute(f"CREATE DATABASE {name}")
        before, self.database_url = self.database_url, f"{self.postgres.url[:-8]}{name}"
        try:
            self._set("PBF_DATABASE_URL", self.database_url)
            yield
        finally:
            self.stop_nodes()
            self.database_url = before
            self._set("PBF_DATABASE_URL", before)

    def _set(self, name: str, value: str) -> None:
        for node in self.nodes:
            node.settings[name] = value

    def unexpected_errors(self) -> list[str]:
        """Return what the processes have logged about errors that nobody expects."""
        logs = [node.log for node in self.nodes if node.log.exists()]
        lines = (line for log in logs for line in log.read_text(encoding="utf-8").splitlines())
        return [line for line in lines if "unexpected " in line]

    def audited(self, what: str, *, outcome: str | None = "done") -> list[tuple[str, str]]:
        """Return the connector's id and name of each entry of the audit log about an action."""
        query = "SELECT connector_id, name, outcome FROM audit WHERE what = %s"
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute(query, (what,)).fetchall()
        return [(str(one), str(name)) for one, name, how in rows if outcome in (how, None)]

    def count(self, query: str) -> int:
        """Return the number that a query selects."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0

    def execute(self, *statements: str) -> None:
        """Execute statements, each in a transaction of its own."""
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running(size: Size) -> Iterator[Cluster]:
    """Run a cluster until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="pbf-cluster-"))
    folder.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = Cluster(folder, size)
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def _subfolder(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


def _mount(folder: Path) -> int:
    """Mount a disk on a folder, and return 0 if that was possible."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode
