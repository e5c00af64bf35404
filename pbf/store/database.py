"""The database itself: SQLite or PostgreSQL, opened, brought up to date, and read or written."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from pbf.errors import StoreFailed
from pbf.store.tables import Base

MIGRATIONS = Path(__file__).parent / "migrations"
# The newest of the migrations, so that an opening that has nothing to do costs one query.
HEAD = "0004"
BUSY_TIMEOUT = 15.0
LOOK_AGAIN = 0.01
CONNECT_TIMEOUT = 5
PRIVATE = 0o600
POOL = 20
POSTGRESQL = "postgresql+psycopg"
MIGRATION_LOCK = 0x706266  # "pbf"
SORRY = (
    "Our own database cannot be read or written right now. Try again in a moment; if it stays so, "
    "check the disk and PBF_DATABASE_URL."
)


class Database:
    """One database, open; `session` is the only way to it."""

    def __init__(self, url: str | URL) -> None:
        """Open the database and bring its tables up to date.

        Raises SQLAlchemyError if it cannot be opened.
        """
        parts = _with_driver(url)
        self.engine = _engine(parts)
        # SQLite lets one thread write at a time anyhow, and in memory there is one connection.
        sqlite = self.engine.dialect.name == "sqlite"
        self._turn = threading.Lock() if sqlite else nullcontext()
        try:
            if isinstance(self.engine.pool, StaticPool):
                Base.metadata.create_all(self.engine)  # what is in memory has no past
            else:
                bring_up_to_date(self.engine)
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
        """Yield a session in a transaction; raise StoreFailed where the database fails.

        An IntegrityError is left to the caller: it is an answer, not a failure.
        """
        try:
            with self._turn, Session(self.engine) as session, session.begin():
                yield session
        except IntegrityError:
            raise
        except SQLAlchemyError:
            # The error quotes what was to be written, so it is not chained into logs.
            raise StoreFailed(SORRY) from None

    def close(self) -> None:
        """Close every connection, once nobody is at work on the one that is shared."""
        with self._turn:
            self.engine.dispose()


def bring_up_to_date(engine: Engine) -> None:
    """Apply the migrations that are missing; of several processes that start at once, one does."""
    if _version(engine) == HEAD:
        return
    # A fifth of a second to import, for what is needed once in a version's life.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    # SQLite's own lock comes with the transaction, PostgreSQL's is asked for.
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(engine: Engine) -> str | None:
    with engine.connect() as connection:
        try:
            found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        except DBAPIError:
            return None
    return found


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
        # In memory there is one connection or there are as many databases as threads.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT})
        event.listen(engine, "do_connect", _create_private)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    return engine


def _create_private(_dialect: object, _record: object, arguments: Any, _options: Any) -> None:
    """Create the file for its owner alone before SQLite would create it for all to read."""
    path = str(arguments[0])
    if not path.startswith("file:"):
        with suppress(OSError):  # SQLite says what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE))


def _make_private(path: str) -> None:
    """Take a database's files away from other users; those that SQLite adds have its mode."""
    for file in (path, f"{path}-wal", f"{path}-shm"):
        with suppress(OSError):  # not there, or another's: the check-up says so
            if os.stat(file).st_mode & 0o077:
                os.chmod(file, PRIVATE)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    for _, name, path in connection.execute("PRAGMA database_list").fetchall():
        if name == "main" and path:
            _make_private(path)
    # The driver would begin transactions when it thinks fit, and not before tables are changed.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={int(1000 * BUSY_TIMEOUT)}")
    _write_ahead(connection, time.monotonic() + BUSY_TIMEOUT)
    connection.execute("PRAGMA synchronous=NORMAL")


def _write_ahead(connection: Any, end: float) -> None:
    """Switch the file's journal over, once in its life; SQLite itself waits for no one here."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(LOOK_AGAIN)
        else:
            return


def _begin(connection: Connection) -> None:
    # One that reads first and writes later could find that somebody else has written meanwhile.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
