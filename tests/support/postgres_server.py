"""A real PostgreSQL server for tests, on a port of its own, and a fresh database for each."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

from pbf.store.store import Store
from tests.support.servers import PATIENCE, free_port

MISSING = "These tests need PostgreSQL: install your system's package postgresql."
# What makes it safe against a loss of power makes it slow, and tests lose nothing.
OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "16MB",
}


@dataclass
class PostgresServer:
    """A server that runs, and the databases that it makes."""

    port: int
    _numbers: Iterator[int] = field(default_factory=count)
    _template: str = ""

    def url(self, database: str) -> str:
        """The address of a database, as people write it in PBF_DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Make a database with the tables up to date, and return its address."""
        if not self._template:
            self._template = self.empty().rpartition("/")[2]
            Store(self.url(self._template)).close()
        return self._make(f" TEMPLATE {self._template}")

    def empty(self) -> str:
        """Make a database without a table, and return its address."""
        return self._make()

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """End every connection to a database, and let nobody in until the block ends."""
        name = url.rpartition("/")[2]
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self._do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", end)
        try:
            yield
        finally:
            self._do(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def _make(self, how: str = "") -> str:
        name = f"pbf_{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name}{how}")
        return self.url(name)

    def _do(self, *statements: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


def programs() -> Path:
    """Return the folder of initdb and postgres; without one skip the test, or fail it in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    path = found[-1] if found else shutil.which("initdb")
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    return Path(path).parent


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="pbf-postgres-"))
    data, port, who = folder / "data", free_port(), _other_than_root(folder)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **who}
    make = ["initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"]
    process = None
    try:
        bin_ = programs()
        subprocess.run([bin_ / make[0], *make[1:], "--no-sync"], check=True, **quiet)
        options = [part for pair in OPTIONS.items() for part in ("-c", "=".join(pair))]
        command = [bin_ / "postgres", "-D", data, "-p", str(port), *options]
        process = subprocess.Popen(command, **quiet)
        server = PostgresServer(port)
        _wait_until_it_answers(server, process)
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _other_than_root(folder: Path) -> dict[str, object]:
    """Return as whom to run it: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    names = {one.pw_name: one for one in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _wait_until_it_answers(server: PostgresServer, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("postgres ended")
        try:
            psycopg.connect(server.url("postgres"), connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            # A server that is starting offers nothing to wait on but its port.
            time.sleep(0.05)
    raise RuntimeError("postgres does not answer")
