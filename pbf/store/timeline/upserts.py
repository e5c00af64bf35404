"""Writing many rows at once, on SQLite and PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, text
from sqlalchemy.orm import Session

from pbf.store.tables import Base

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    Insert = postgresql.Insert | sqlite.Insert

Values = Mapping[str, Any]


def lock_group(session: Session, group_id: str) -> None:
    """Let one transaction at a time change the history of a group; SQLite has one writer anyhow."""
    if session.get_bind().dialect.name == "postgresql":
        number = int.from_bytes(sha256(f"timeline {group_id}".encode()).digest()[:8], signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def put(session: Session, table: type[Base], rows: Sequence[Values]) -> None:
    """Insert rows, or replace those with the same primary key by them."""
    _upsert(session, table, rows, lambda statement, name: statement.excluded[name])


def add(session: Session, table: type[Base], rows: Sequence[Values]) -> None:
    """Insert rows, or add their values to those of the rows with the same primary key."""
    columns = inspect(table).columns
    _upsert(session, table, rows, lambda statement, name: columns[name] + statement.excluded[name])


def _upsert(
    session: Session,
    table: type[Base],
    rows: Sequence[Values],
    value: "Callable[[Insert, str], Any]",
) -> None:
    if not rows:
        return
    statement = _insert(session, table)
    keys = [column.name for column in inspect(table).primary_key]
    names = [name for name in rows[0] if name not in keys]
    statement = statement.on_conflict_do_update(
        index_elements=keys, set_={name: value(statement, name) for name in names}
    )
    session.execute(statement, list(rows))


def _insert(session: Session, table: type[Base]) -> "Insert":
    """Return the statement of the session's database; the other dialect is not imported."""
    if session.get_bind().dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
