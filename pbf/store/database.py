"""The database: open SQLite or PostgreSQL, apply migrations, provide transactions."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from pbf.errors import StoreFailed
from pbf.metrics.instruments import STORE_SECONDS
from pbf.metrics.outages import Outage
from pbf.store.migrations import migrate
from pbf.store.tables import Base

BUSY_TIMEOUT = 15.0
RETRY_INTERVAL = 0.01
CONNECT_TIMEOUT = 5
PRIVATE = 0o600
POOL = 20
POSTGRESQL = "postgresql+psycopg"
UNAVAILABLE = (
    "Our own database cannot be read or written right now. Try again in a moment; if it stays so, "
    "check the disk and PBF_DATABASE_URL."
)

# These are answers of the database, not outages.
REFUSED = (DataError, IntegrityError)

log = logging.getLogger(__name__)


class Database:
    """One open database; `session` and `reading` are the only access to it."""

    def __init__(self, url: str | URL) -> None:
        """Open the database and apply missing migrations.

        Raises SQLAlchemyError if it cannot be opened, ValueError if its version is unknown.
        """
        parts = _with_driver(url)
        self.engine = _engine(parts)
        # SQLite has one writer at a time, and a database in memory has one connection.
        self._outage = Outage(
            "database",
            log,
            begins="The database does not answer (%s). Check it, its disk and PBF_DATABASE_URL.",
            ends="The database answers again.",
        )
        self._reader = self.engine.execution_options(reads_only=True)
        sqlite = self.engine.dialect.name == "sqlite"
        self._lock: AbstractContextManager[object] = threading.Lock() if sqlite else nullcontext()
        try:
            if isinstance(self.engine.pool, StaticPool):
                Base.metadata.create_all(self.engine)  # nothing to migrate
            else:
                migrate(self.engine)
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        url = self.engine.url
        in_memory = url.database in (None, "", ":memory:")
        return url.database if url.get_backend_name() == "sqlite" and not in_memory else None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session in a transaction; raise StoreFailed if the database fails.

        An IntegrityError is left to the caller: it is a result, not a failure.
        """
        with self._transaction(self.engine, self._lock) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session for queries alone, which wait for no writer and hold none up.

        Raises StoreFailed if the database fails.
        """
        if isinstance(self.engine.pool, StaticPool):
            with self.session() as session:
                yield session
        else:
            with self._transaction(self._reader, nullcontext()) as session:
                yield session

    @contextmanager
    def _transaction(
        self, engine: Engine, lock: AbstractContextManager[object]
    ) -> Iterator[Session]:
        try:
            with (
                self._observed("read" if engine is self._reader else "write"),
                lock,
                Session(engine, expire_on_commit=False) as session,
                session.begin(),
            ):
                yield session
        except IntegrityError:
            raise
        except SQLAlchemyError:
            # The error quotes the values of the statement, so it is not chained into logs.
            raise StoreFailed(UNAVAILABLE) from None

    @contextmanager
    def _observed(self, access: str) -> Iterator[None]:
        """Measure a transaction, and note whether the database answers."""
        try:
            with STORE_SECONDS.labels(access).time():
                yield
        except REFUSED as error:
            if isinstance(error, DataError):
                log.error("The database refused a value (%s).", type(error).__name__)
            raise
        except SQLAlchemyError as error:
            self._outage.fails(error)
            raise
        self._outage.answers()

    @property
    def pool_in_use(self) -> int:
        """How many connections are in use; 0 if there is only one, which threads share."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    def close(self) -> None:
        """Close every connection, once no thread uses the shared one."""
        with self._lock:
            self.engine.dispose()


def _with_driver(url: str | URL) -> URL:
    parts = make_url(url)
    if parts.drivername in ("postgres", "postgresql"):
        return parts.set(drivername=POSTGRESQL)
    return parts


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        options = {"connect_timeout": CONNECT_TIMEOUT} if url.drivername == POSTGRESQL else {}
        return create_engine(
            url, pool_pre_ping=True, pool_size=POOL, pool_timeout=BUSY_TIMEOUT, connect_args=options
        )
    in_memory = url.database in (None, "", ":memory:")
    if in_memory:
        # With more than one connection, each would have a database of its own.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
        event.listen(engine, "do_connect", _create_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _create_private(_dialect: object, _record: object, arguments: Any, _options: Any) -> None:
    """Create the file readable by its owner only; SQLite would make it readable by everybody."""
    path = str(arguments[0])
    if not path.startswith("file:"):
        with suppress(OSError):  # SQLite reports what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))


def _make_private(path: str) -> None:
    """Make the files readable by their owner only; files that SQLite adds copy that mode."""
    for file in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):  # missing, or another user's: the doctor reports it
            if os.stat(file).st_mode & 0o077:
                os.chmod(file, PRIVATE)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for _, name, path in connection.execute("PRAGMA database_list").fetchall():
        if name == "main" and path:
            _make_private(path)
    # The driver would not begin a transaction before it changes tables.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_TIMEOUT)}")
    _write_ahead(connection, time.monotonic() + BUSY_TIMEOUT)
    connection.execute("PRAGMA synchronous=NORMAL")


def _write_ahead(connection: Any, end: float) -> None:
    """Turn on write-ahead logging; SQLite ignores its own busy timeout here, so retry."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(RETRY_INTERVAL)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads before it writes would fail if another one wrote in between.
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
