"""Leases: rows that one process at a time works on.

A row is written only as it was read: if another process has changed it since, nothing is written.
When a lease runs out, because its process died or gave up, another process may claim the row.
"""

import time
from typing import Generic, TypeVar
from uuid import uuid4

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.store.database import Database
from pbf.store.tables import Leased

Row = TypeVar("Row", bound=Leased)


class Leases(Generic[Row]):
    """The rows of one table; a row that is written also changes in memory."""

    def __init__(self, database: Database, table: type[Row]) -> None:
        """Keep the rows in a table of a database."""
        self._database = database
        self._table: type[Row] = table

    def add(self, row: Row, lease: float = 0.0) -> bool:
        """Store a new row, held for `lease` seconds; False if there is one in its place."""
        if lease:
            row.owner, row.lease_until = uuid4().hex, time.time() + lease
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def find(self, group_id: str, key: str) -> Row | None:
        """Return the row of a group with a key, if any."""
        if not key.isprintable():
            return None  # an id from outside may hold what no database accepts
        with self._database.reading() as session:
            return session.get(self._table, (group_id, key))

    def listed(self, group_id: str) -> list[Row]:
        """Return the rows of a group."""
        return self._select(self._table.group_id == group_id)

    def all(self) -> list[Row]:
        """Return the rows of all groups."""
        return self._select()

    def groups(self) -> set[str]:
        """Return the groups that have a row to work on."""
        return self._groups()

    def claim(self, row: Row, lease: float) -> bool:
        """Hold a row for `lease` seconds, unless it is held; of concurrent calls one succeeds."""
        owner, until = uuid4().hex, time.time() + lease
        return not row.is_held and self.write(row, owner=owner, lease_until=until)

    def release(self, row: Row, *, wait: float = 0.0, **values: object) -> None:
        """Write values and end the lease; others may try again after `wait` seconds."""
        self.write(row, owner="", lease_until=time.time() + wait, **values)

    def write(self, row: Row, **values: object) -> bool:
        """Write values to a row; False if another process has changed it since it was read."""
        statement = update(self._table).where(*self._as_read(row)).values(**values)
        with self._database.session() as session:
            if session.execute(statement.returning(self._table.owner)).first() is None:
                return False
        for name, value in values.items():
            setattr(row, name, value)
        return True

    def remove(self, row: Row) -> bool:
        """Delete a row; False if another process has changed it since it was read."""
        statement = delete(self._table).where(*self._as_read(row)).returning(self._table.owner)
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def _as_read(self, row: Row) -> list[ColumnElement[bool]]:
        columns = (*inspect(self._table).primary_key, self._table.owner, self._table.lease_until)
        return [column == getattr(row, column.key) for column in columns]

    def _groups(self, *conditions: ColumnElement[bool]) -> set[str]:
        query = select(self._table.group_id).where(*conditions).distinct()
        with self._database.reading() as session:
            return set(session.scalars(query))

    def _select(self, *conditions: ColumnElement[bool]) -> list[Row]:
        with self._database.reading() as session:
            return list(session.scalars(select(self._table).where(*conditions)))
