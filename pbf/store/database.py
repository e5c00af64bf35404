"""The database: open SQLite or PostgreSQL, apply migrations, provide transactions."""

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

from pbf.bulkheads import Dependency, waiting_for
from pbf.errors import StoreFailed
from pbf.metrics.instruments import STORE_SECONDS
from pbf.metrics.outages import Outage
from pbf.store.breaker import CircuitBreaker
from pbf.store.clock import DatabaseClock
from pbf.store.migrations import HEAD, migrate, require_migrated
from pbf.store.tables import Base

# All in seconds. A writer of an SQLite file waits for the threads of this process, and as long for
# other processes; to open it, with migrations, it may take longer.
WRITE_TIMEOUT = 2.5
OPEN_TIMEOUT = 15.0
POOL_TIMEOUT = 2.0
RETRY_INTERVAL = 0.01
PRIVATE = 0o600
# The connections to PostgreSQL that a process has at most; half of them stay open.
CONNECTIONS = 10
POSTGRESQL = "postgresql+psycopg"
UNAVAILABLE = (
    "Our own database cannot be read or written right now. Try again in a moment; if it stays so, "
    "check the disk and PBF_DATABASE_URL."
)
BUSY = (
    "Our own database is busy: something else is writing to it, such as a backup. Nothing was "
    "changed. Try again in a moment."
)

# These are answers of the database, not outages.
REFUSED = (DataError, IntegrityError)

log = logging.getLogger(__name__)


class Database:
    """One open database; `session` and `reading` are the only access to it.

    `now` returns its time, in seconds since 1970.
    """

    def __init__(
        self, url: str | URL, *, migrates: bool = True, connections: int = CONNECTIONS
    ) -> None:
        """Open the database and apply missing migrations, unless `migrates` is false.

        A process has at most so many connections to PostgreSQL.

        Raises SQLAlchemyError if it cannot be opened, ValueError if its version is unknown,
        MigrationsMissing if it is older and not migrated here.
        """
        parts = _with_driver(url)
        if not _is_in_memory(parts):
            _check_tables(parts, migrates=migrates)
        self.engine = _engine(parts, connections)
        # SQLite has one writer at a time, and a database in memory has one connection.
        self._outage = Outage(
            "database",
            log,
            begins="The database does not answer (%s). Check it, its disk and PBF_DATABASE_URL.",
            ends="The database answers again.",
        )
        self._reader = self.engine.execution_options(reads_only=True)
        sqlite = self.engine.dialect.name == "sqlite"
        self._lock = threading.Lock() if sqlite else None
        self._breaker = CircuitBreaker()
        # SQLite runs in this process, and its clock is this machine's.
        self.now: Callable[[], float] = (
            _machine_clock if sqlite else DatabaseClock(self._read_clock)
        )
        if _is_in_memory(parts):
            Base.metadata.create_all(self.engine)  # nothing to migrate

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        url = self.engine.url
        has_file = url.get_backend_name() == "sqlite" and not _is_in_memory(url)
        return url.database if has_file else None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session in a transaction; raise StoreFailed if the database fails.

        An IntegrityError is left to the caller: it is a result, not a failure.
        """
        with self._transaction(self.engine, self._writing()) as session:
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
        access = "read" if engine is self._reader else "write"
        with waiting_for(Dependency.STORE, lambda: StoreFailed(UNAVAILABLE)):
            if not self._breaker.admits():
                raise StoreFailed(UNAVAILABLE)
            new = Session(engine, expire_on_commit=False)
            with self._reported(), self._observed(access), lock, new as session, session.begin():
                yield session

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Raise StoreFailed if the database fails in the block, and note whether it hangs."""
        try:
            yield
        except SQLAlchemyError as error:
            if isinstance(error, DBAPIError) and _hangs(error):
                self._breaker.opens()
            else:
                self._breaker.closes()
            if isinstance(error, IntegrityError):
                raise
            # The error quotes the values of the statement, so it is not chained into logs.
            raise StoreFailed(BUSY if _is_busy(error) else UNAVAILABLE) from None
        except BaseException:
            self._breaker.closes()
            raise
        self._breaker.closes()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Wait for the other writers of this process, for a limited time."""
        if self._lock is None:
            yield
            return
        if not self._lock.acquire(timeout=WRITE_TIMEOUT):
            raise StoreFailed(BUSY)
        try:
            yield
        finally:
            self._lock.release()

    def version(self) -> str:
        """Return the migration that the database is at; raise StoreFailed."""
        if isinstance(self.engine.pool, StaticPool):
            return HEAD
        with self.reading() as session:
            return str(session.scalar(text("SELECT version_num FROM alembic_version")))

    def _read_clock(self) -> float:
        with self.reading() as session:
            return float(session.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0)

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
            if not _is_busy(error):
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
        with self._lock or nullcontext():
            self.engine.dispose()


def _check_tables(url: URL, *, migrates: bool) -> None:
    """Apply missing migrations, by a connection of their own without limits of time.

    Without `migrates`, raise MigrationsMissing if there are any.
    """
    engine = create_engine_for(url)
    try:
        if migrates:
            migrate(engine)
        else:
            require_migrated(engine)
    finally:
        engine.dispose()


def _hangs(error: DBAPIError) -> bool:
    """Return whether PostgreSQL did not answer, which the next caller should not wait for."""
    if error.orig is None or not type(error.orig).__module__.startswith(("psycopg", "pbf.")):
        return False
    from pbf.store.postgresql import HANGING

    return isinstance(error.orig, HANGING)


def _is_busy(error: SQLAlchemyError) -> bool:
    """Return whether another process writes to the SQLite file."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return bool(code & 0xFF == sqlite3.SQLITE_BUSY)  # the rest of the code says where it happened


def _machine_clock() -> float:
    return time.time()


def create_engine_for(url: str | URL) -> Engine:
    """Return an engine for migrations, which may take any time; nothing is migrated."""
    return _engine(_with_driver(url))


def _with_driver(url: str | URL) -> URL:
    parts = make_url(url)
    if parts.drivername in ("postgres", "postgresql"):
        return parts.set(drivername=POSTGRESQL)
    return parts


def _is_in_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def _engine(url: URL, connections: int | None = None) -> Engine:
    """Return an engine; without `connections`, one for migrations, which may take any time."""
    if url.drivername == POSTGRESQL:
        return _postgresql(url, connections)
    if _is_in_memory(url):
        # With more than one connection, each would have a database of its own.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    elif url.get_backend_name() == "sqlite":
        timeout = OPEN_TIMEOUT if connections is None else WRITE_TIMEOUT
        options = {"timeout": timeout}
        engine = create_engine(url, pool_timeout=POOL_TIMEOUT, connect_args=options)
        event.listen(engine, "do_connect", _create_private)
    else:
        return create_engine(url, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _postgresql(url: URL, connections: int | None) -> Engine:
    # Imported here, so that programs with SQLite need no psycopg.
    from pbf.store.postgresql import connect_arguments, connect_limited

    arguments = connect_arguments(url, is_limited=connections is not None)
    if connections is None:
        return create_engine(url, poolclass=NullPool, connect_args=arguments)
    kept = (connections + 1) // 2
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=POOL_TIMEOUT,
        connect_args=arguments,
    )
    event.listen(engine, "do_connect", connect_limited)
    return engine


def _create_private(_dialect: object, _record: object, arguments: Any, _options: Any) -> None:
    """Create the file readable by its owner only; SQLite would make it readable by everybody.

    A file that exists is never opened: to close it again would release the locks of all of this
    process's connections (https://sqlite.org/howtocorrupt.html, 2.2). Another process could then
    delete the write-ahead log while we use it.
    """
    path = str(arguments[0])
    if not path.startswith("file:"):
        with suppress(OSError):  # it exists, or SQLite reports what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE))


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
    _write_ahead(connection, time.monotonic() + OPEN_TIMEOUT)
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
