"""Pending deletions. A process claims one before it carries the deletion out or undoes it."""

import time

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.store.database import Database
from pbf.store.records import Deletion
from pbf.store.tables import DeletionRow

FIELDS = tuple(Deletion.__dataclass_fields__)


class Deletions:
    """The pending deletions of all groups."""

    def __init__(self, database: Database) -> None:
        """Store deletions in a database."""
        self._database = database

    def add(self, deletion: Deletion) -> bool:
        """Store a deletion, held by its owner; False if the connector already has one."""
        row = DeletionRow(**{name: getattr(deletion, name) for name in FIELDS})
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def find(self, group_id: str, connector_id: str) -> Deletion | None:
        """Return the pending deletion of a connector, if any."""
        if not connector_id.isprintable():
            return None  # an id from outside may hold what no database accepts
        with self._database.session() as session:
            row = session.get(DeletionRow, (group_id, connector_id))
            return _read(row) if row else None

    def listed(self, group_id: str) -> list[Deletion]:
        """Return a group's pending deletions, the next one first."""
        query = select(DeletionRow).where(DeletionRow.group_id == group_id)
        with self._database.session() as session:
            return [_read(row) for row in session.scalars(query.order_by(DeletionRow.due_at))]

    def claim(
        self, deletion: Deletion, owner: str, lease: float, *, too_early: bool = False
    ) -> Deletion | None:
        """Return the deletion, held for `lease` seconds; of several concurrent calls one gets it.

        With `too_early`, also before it may be tried again.
        """
        now = time.time()
        free = DeletionRow.lease_until <= now
        if too_early:
            free |= DeletionRow.owner == ""
        return self._write(deletion, free, owner=owner, lease_until=now + lease)

    def hold(self, deletion: Deletion, lease: float) -> Deletion | None:
        """Return the deletion, held for `lease` more seconds; None if somebody else holds it."""
        return self._write(deletion, _owned(deletion), lease_until=time.time() + lease)

    def put_back(self, deletion: Deletion, *, wait: float = 0.0) -> None:
        """End the lease, so that others may claim after `wait` seconds; store `paused_at`."""
        self._write(
            deletion,
            _owned(deletion),
            owner="",
            lease_until=time.time() + wait,
            paused_at=deletion.paused_at,
        )

    def remove(self, deletion: Deletion) -> bool:
        """Delete one that was carried out or undone; False if somebody else holds it."""
        statement = delete(DeletionRow).where(_this(deletion) & _owned(deletion))
        with self._database.session() as session:
            return bool(session.execute(statement.returning(DeletionRow.connector_id)).first())

    def _write(
        self, deletion: Deletion, condition: ColumnElement[bool], **values: object
    ) -> Deletion | None:
        statement = update(DeletionRow).where(_this(deletion) & condition).values(**values)
        with self._database.session() as session:
            row = session.scalars(statement.returning(DeletionRow)).first()
            return _read(row) if row else None


def _this(deletion: Deletion) -> ColumnElement[bool]:
    return (
        (DeletionRow.group_id == deletion.group_id)
        & (DeletionRow.connector_id == deletion.connector_id)
        # A reused id belongs to another connector.
        & (DeletionRow.schema_name == deletion.schema_name)
    )


def _owned(deletion: Deletion) -> ColumnElement[bool]:
    return DeletionRow.owner == deletion.owner


def _read(row: DeletionRow) -> Deletion:
    return Deletion(**{name: getattr(row, name) for name in FIELDS})
