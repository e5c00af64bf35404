"""Leases: rows that one process at a time works on.

A row is written only as it was read: if another process has changed it since, nothing is written.
When a lease runs out, because its process died or gave up, another process may claim the row. All
times are by the database's clock.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar
from uuid import uuid4

from sqlalchemy import delete, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.concurrency.heartbeat import repeating
from pbf.errors import StoreFailed
from pbf.store.database import Database
from pbf.store.tables import Leased

Row = TypeVar("Row", bound=Leased)

# In seconds: how long others wait for a process that died, and how often one at work says so.
LEASE = 15.0
RENEW_EVERY = 5.0
LONGEST_LEASE = 300.0


class Leases(Generic[Row]):
    """The rows of one table; a row that is written also changes in memory."""

    def __init__(self, database: Database, table: type[Row]) -> None:
        """Keep the rows in a table of a database."""
        self._database = database
        self._table: type[Row] = table
        self._kept: set[str] = set()

    def now(self) -> float:
        """Return the time of the database, in seconds since 1970."""
        return self._database.now()

    def is_held(self, row: Row) -> bool:
        """Return whether a process is working on a row."""
        left = row.lease_until - self.now()
        # A lease that is longer than any was given by a clock that was wrong.
        return bool(row.owner) and 0 < left <= LONGEST_LEASE

    def was_abandoned(self, row: Row) -> bool:
        """Return whether a process worked on a row and did not finish."""
        return bool(row.owner) and not self.is_held(row)

    def add(self, row: Row, lease: float = 0.0) -> bool:
        """Store a new row, held for `lease` seconds; False if there is one in its place."""
        if lease:
            row.owner, row.lease_until = uuid4().hex, self.now() + lease
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def find(self, group_id: str, key: str) -> Row | None:
        """Return the row of a group with a key, if any."""
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

    def claim(self, row: Row, lease: float = LEASE) -> bool:
        """Hold a row for `lease` seconds, unless it is held; of concurrent calls one succeeds."""
        owner, until = uuid4().hex, self.now() + lease
        return not self.is_held(row) and self.write(row, owner=owner, lease_until=until)

    @contextmanager
    def kept(self, row: Row) -> Iterator[None]:
        """Renew the lease of a row that this process holds while the block runs."""
        owner = row.owner
        self._kept.add(owner)
        try:
            with repeating(lambda: self._renew(row, owner), every=RENEW_EVERY):
                yield
        finally:
            self._kept.discard(owner)

    def _renew(self, row: Row, owner: str) -> bool:
        """Extend a lease; False once another process holds the row, or none does."""
        until = self.now() + LEASE
        this = (*self._identity(row), self._table.owner == owner)
        statement = update(self._table).where(*this).values(lease_until=until)
        try:
            with self._database.session() as session:
                return session.execute(statement.returning(self._table.owner)).first() is not None
        except StoreFailed:
            return True  # it may be back before the lease runs out

    def release(self, row: Row, *, wait: float = 0.0, **values: object) -> None:
        """Write values and end the lease; others may try again after `wait` seconds."""
        self.write(row, owner="", lease_until=self.now() + wait, **values)

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
        conditions = [*self._identity(row), self._table.owner == row.owner]
        if row.owner not in self._kept:  # else it is renewed all the time
            conditions.append(self._table.lease_until == row.lease_until)
        return conditions

    def _identity(self, row: Row) -> list[ColumnElement[bool]]:
        return [column == getattr(row, column.key) for column in inspect(self._table).primary_key]

    def _groups(self, *conditions: ColumnElement[bool]) -> set[str]:
        query = select(self._table.group_id).where(*conditions).distinct()
        with self._database.reading() as session:
            return set(session.scalars(query))

    def _select(self, *conditions: ColumnElement[bool]) -> list[Row]:
        with self._database.reading() as session:
            return list(session.scalars(select(self._table).where(*conditions)))
