"""What must outlive a restart.

Losing it loses no connector: what Fivetran lists is always shown.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import URL, DateTime, String, create_engine, delete, event, select
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from pbf.models import Connector

USED_STATES_KEPT = timedelta(days=2)


class Base(DeclarativeBase):
    """The tables."""


class TypedName(Base):
    """The name of a connector as somebody typed it."""

    __tablename__ = "typed_names"

    connector_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    # A sandbox that starts again hands out the same ids; the permanent name tells them apart.
    schema_name: Mapped[str] = mapped_column(String(200), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class Attempt(Base):
    """A form that was sent, and the connector it made."""

    __tablename__ = "attempts"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    connector_id: Mapped[str] = mapped_column(String(200))


class UsedState(Base):
    """A return state that has done its work."""

    __tablename__ = "used_states"

    nonce: Mapped[str] = mapped_column(String(100), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Store:
    """Typed names, attempts and used states, in one database."""

    def __init__(self, url: str | URL) -> None:
        """Open the database at an SQLAlchemy URL and make what tables are missing."""
        self._engine = _engine(url)
        self._turn = threading.Lock()
        Base.metadata.create_all(self._engine)

    def keep_name(self, connector: Connector, name: str) -> None:
        """Remember the name as typed."""
        row = TypedName(connector_id=connector.id, schema_name=connector.schema_name, name=name)
        with self._session() as session:
            session.merge(row)

    def names(self) -> dict[tuple[str, str], str]:
        """Return the typed names by connector id and permanent name."""
        with self._session() as session:
            rows: Iterable[TypedName] = session.scalars(select(TypedName))
            return {(row.connector_id, row.schema_name): row.name for row in rows}

    def keep_attempt(self, key: str, connector_id: str) -> None:
        """Remember which connector an attempt made."""
        with self._session() as session:
            session.merge(Attempt(key=key, connector_id=connector_id))

    def attempt(self, key: str) -> str | None:
        """Return the id of the connector that an attempt made, if it did."""
        with self._session() as session:
            row = session.get(Attempt, key)
            return row.connector_id if row else None

    def use_state(self, nonce: str) -> bool:
        """Return whether this is the first use of a return state."""
        now = datetime.now(UTC)
        try:
            with self._session() as session:
                session.execute(delete(UsedState).where(UsedState.used_at < now - USED_STATES_KEPT))
                session.add(UsedState(nonce=nonce, used_at=now))
        except IntegrityError:
            return False
        return True

    def close(self) -> None:
        """Close the database."""
        self._engine.dispose()

    @contextmanager
    def _session(self) -> Iterator[Session]:
        # SQLite lets one thread write at a time anyhow, and in memory there is one connection.
        with self._turn, Session(self._engine) as session, session.begin():
            yield session


def _engine(url: str | URL) -> Engine:
    parts = make_url(url)
    if parts.get_backend_name() == "sqlite" and parts.database in (None, "", ":memory:"):
        # In memory there is one connection or there are as many databases as threads.
        return create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=5000")
