"""The database: apply migrations, provide transactions, and note when it fails."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import URL, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from pbf import clock
from pbf.concurrency.bulkheads import Dependency, waiting_for
from pbf.errors import StoreFailed
from pbf.metrics.instruments import STORE_SECONDS
from pbf.metrics.outages import Outage
from pbf.metrics.tracing.spans import trace_queries
from pbf.store.engines.breaker import CircuitBreaker
from pbf.store.engines.clock import DatabaseClock
from pbf.store.engines.engine import (
    WRITE_TIMEOUT,
    create_engine_for,
    engine_for,
    is_in_memory,
    with_driver,
)
from pbf.store.migrations import HEAD, migrate, require_migrated
from pbf.store.tables import Base

# The connections to PostgreSQL that a process has at most; half of them stay open.
CONNECTIONS = 10
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
        parts = with_driver(url)
        if not is_in_memory(parts):
            _check_tables(parts, migrates=migrates)
        self.engine = engine_for(parts, connections)
        trace_queries(self.engine)
        self._outage = Outage(
            "database",
            log,
            begins="The database does not answer (%s). Check it, its disk and PBF_DATABASE_URL.",
            ends="The database answers again.",
        )
        # SQLite has one writer at a time, and a database in memory has one connection.
        self._reader = self.engine.execution_options(reads_only=True)
        sqlite = self.engine.dialect.name == "sqlite"
        self._lock = threading.Lock() if sqlite else None
        self._breaker = CircuitBreaker()
        # SQLite runs in this process, and its clock is this machine's.
        self.now: Callable[[], float] = (
            clock.machine_clock if sqlite else DatabaseClock(self._read_clock)
        )
        clock.share(self.now)
        if is_in_memory(parts):
            Base.metadata.create_all(self.engine)  # nothing to migrate

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        url = self.engine.url
        has_file = url.get_backend_name() == "sqlite" and not is_in_memory(url)
        return url.database if has_file else None

    @property
    def address(self) -> str:
        """Where the database is, without the account that this program uses there."""
        url = self.engine.url.set(username=None, password=None)
        return str(Path(self.file).resolve()) if self.file else url.render_as_string()

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

    def other_processes(self) -> int:
        """Return how many other processes use the database, of those that PostgreSQL shows.

        Raises StoreFailed. It is 0 for SQLite, which does not tell.
        """
        if self.engine.dialect.name != "postgresql":
            return 0
        from pbf.store.engines.postgresql import OTHER_PROCESSES

        with self.reading() as session:
            return int(session.scalar(text(OTHER_PROCESSES)) or 0)

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
        """Close every connection; one that a thread uses is closed when the thread returns it."""
        clock.stop_sharing(self.now)
        if isinstance(self.now, DatabaseClock):
            self.now.close()
        with self._lock or nullcontext():
            event.listen(self.engine, "checkin", lambda _connection, entry: entry.invalidate())
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
    from pbf.store.engines.postgresql import HANGING

    return isinstance(error.orig, HANGING)


def _is_busy(error: SQLAlchemyError) -> bool:
    """Return whether another process writes to the SQLite file."""
    code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
    return bool(code & 0xFF == sqlite3.SQLITE_BUSY)  # the rest of the code says where it happened
