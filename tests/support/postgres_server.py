"""A real PostgreSQL server for tests, on a port of its own, and a fresh database for each."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from bench.postgres import find_initdb, postgres
from pbf.store.store import Store
from pbf.store.tables import Base
from tests.support.requirements import require_package

# Durability is slow, and a test has nothing to lose in a power failure.
OPTIONS = {
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "16MB",
}
OTHER_CONNECTIONS = """\
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""
WITH_ROWS = " UNION ALL ".join(
    f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in Base.metadata.tables
)
USED_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"


@dataclass
class PostgresServer:
    """A running server, and the databases it creates."""

    address: str
    _numbers: Iterator[int] = field(default_factory=count)
    _template: str = ""
    _returned: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """Return the URL of a database, in the form of PBF_DATABASE_URL."""
        return f"{self.address}/{database}"

    def fresh(self) -> str:
        """Create a database with all tables, and return its URL."""
        if not self._template:
            self._template = self.empty().rpartition("/")[2]
            Store(self.url(self._template)).close()
        return self._create(f" TEMPLATE {self._template}")

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Yield the URL of a database with all tables and no rows, for one test.

        Emptying one that an earlier test used costs a tenth of creating another one.
        """
        url = self._emptied() or self.fresh()
        yield url
        self._returned.append(url)

    def empty(self) -> str:
        """Create a database without tables, and return its URL."""
        return self._create()

    @contextmanager
    def away(self, url: str) -> Iterator[None]:
        """Make a database unavailable until the block ends; open connections are closed."""
        name = url.rpartition("/")[2]
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false", end)
        try:
            yield
        finally:
            self._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the server until the block ends: it accepts connections and answers nothing."""
        with psycopg.connect(self.url("postgres")) as connection:
            (folder,) = connection.execute("SHOW data_directory").fetchone() or ("",)
            rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
        main = int((Path(folder) / "postmaster.pid").read_text().split()[0])
        pids = [main, *(pid for (pid,) in rows)]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _emptied(self) -> str:
        """Empty a returned database that nobody uses any more, and return its URL, or ""."""
        for url in list(self._returned):
            with psycopg.connect(url, autocommit=True) as connection:
                if connection.execute(OTHER_CONNECTIONS).fetchone() != (0,):
                    continue
                self._returned.remove(url)
                # Without the triggers that keep entries of the audit log.
                connection.execute("SET session_replication_role = replica")
                with suppress(psycopg.errors.UndefinedTable):  # the test has dropped it
                    for row in connection.execute(WITH_ROWS.encode()).fetchall():
                        connection.execute(f"TRUNCATE {row[0]} CASCADE".encode())
                    for row in connection.execute(USED_SEQUENCES).fetchall():
                        connection.execute(f"ALTER SEQUENCE {row[0]} RESTART".encode())
                    return url
        return ""

    def _create(self, options: str = "") -> str:
        name = f"pbf_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name}{options}")
        return self.url(name)

    def _execute(self, *statements: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Run a PostgreSQL server until the block ends; skip the test, or fail it in CI, without it."""
    require_package(find_initdb(), "PostgreSQL", "postgresql")
    with postgres(OPTIONS) as url:
        yield PostgresServer(url.rpartition("/")[0])
