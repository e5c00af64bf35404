"""Engines for SQLite and PostgreSQL, with limits of time for everything but migrations."""

from sqlalchemy import URL, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.pool import NullPool, StaticPool

from pbf.store.engines import sqlite

# In seconds: a writer of an SQLite file waits so long for other processes.
WRITE_TIMEOUT = 2.5
POOL_TIMEOUT = 2.0
POSTGRESQL = "postgresql+psycopg"


def create_engine_for(url: str | URL) -> Engine:
    """Return an engine for migrations, which may take any time; nothing is migrated."""
    return engine_for(with_driver(url))


def with_driver(url: str | URL) -> URL:
    """Return a URL with the driver that we use; raise SQLAlchemyError if it is none."""
    parts = make_url(url)
    if parts.drivername in ("postgres", "postgresql"):
        return parts.set(drivername=POSTGRESQL)
    return parts


def is_in_memory(url: URL) -> bool:
    """Return whether a database is in the memory of this process."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def engine_for(url: URL, connections: int | None = None) -> Engine:
    """Return an engine; without `connections`, one for migrations, which may take any time."""
    if url.drivername == POSTGRESQL:
        return _postgresql(url, connections)
    if is_in_memory(url):
        # With more than one connection, each would have a database of its own.
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    elif url.get_backend_name() == "sqlite":
        timeout = sqlite.OPEN_TIMEOUT if connections is None else WRITE_TIMEOUT
        options = {"timeout": timeout}
        engine = create_engine(url, pool_timeout=POOL_TIMEOUT, connect_args=options)
        event.listen(engine, "do_connect", sqlite.create_private)
    else:
        return create_engine(url, pool_pre_ping=True, pool_timeout=POOL_TIMEOUT)
    event.listen(engine, "connect", sqlite.prepare)
    event.listen(engine, "begin", sqlite.begin)
    return engine


def _postgresql(url: URL, connections: int | None) -> Engine:
    # Imported here, so that programs with SQLite need no psycopg.
    from pbf.store.engines import postgresql

    arguments = postgresql.connect_arguments(url, is_limited=connections is not None)
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
    event.listen(engine, "do_connect", postgresql.connect_limited)
    event.listen(engine, "begin", postgresql.begin)
    return engine
