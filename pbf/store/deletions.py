"""Deletions that wait: who carries one out, or takes it back, claims it first."""

import time

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.elements import ColumnElement

from pbf.store.database import Database
from pbf.store.records import Deletion
from pbf.store.tables import DeletionRow

FIELDS = tuple(Deletion.__dataclass_fields__)


class Deletions:
    """The deletions of all groups that have not been carried out."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database."""
        self._database = database

    def add(self, deletion: Deletion) -> bool:
        """Write one down, held by its owner; False if one of its connector's id is there."""
        row = DeletionRow(**{name: getattr(deletion, name) for name in FIELDS})
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def find(self, group_id: str, connector_id: str) -> Deletion | None:
        """Return the one of a connector, if it waits."""
        if not connector_id.isprintable():
            return None  # an id from outside may be what no database takes
        with self._database.session() as session:
            row = session.get(DeletionRow, (group_id, connector_id))
            return _read(row) if row else None

    def listed(self, group_id: str) -> list[Deletion]:
        """Return what waits, the next one first."""
        mine = select(DeletionRow).where(DeletionRow.group_id == group_id)
        with self._database.session() as session:
            return [_read(row) for row in session.scalars(mine.order_by(DeletionRow.due_at))]

    def claim(
        self, deletion: Deletion, owner: str, lease: float, *, too_early: bool = False
    ) -> Deletion | None:
        """Return it, in hand for `lease` seconds; of many who try at once, one gets it.

        With `too_early` also before it may be tried again.
        """
        now = time.time()
        free = DeletionRow.lease_until <= now
        if too_early:
            free |= DeletionRow.owner == ""
        return self._write(deletion, free, owner=owner, lease_until=now + lease)

    def hold(self, deletion: Deletion, lease: float) -> Deletion | None:
        """Return it, in hand for `lease` more seconds; None if somebody else has it now."""
        return self._write(deletion, _owned(deletion), lease_until=time.time() + lease)

    def put_back(self, deletion: Deletion, *, wait: float = 0.0) -> None:
        """Let others have one that is in hand, after so many seconds; keep when it was paused."""
        self._write(
            deletion,
            _owned(deletion),
            owner="",
            lease_until=time.time() + wait,
            paused_at=deletion.paused_at,
        )

    def remove(self, deletion: Deletion) -> bool:
        """Forget one that was carried out or taken back; False if somebody else has it now."""
        mine = delete(DeletionRow).where(_this(deletion) & _owned(deletion))
        with self._database.session() as session:
            return bool(session.execute(mine.returning(DeletionRow.connector_id)).first())

    def _write(
        self, deletion: Deletion, which: ColumnElement[bool], **values: object
    ) -> Deletion | None:
        changed = update(DeletionRow).where(_this(deletion) & which).values(**values)
        with self._database.session() as session:
            row = session.scalars(changed.returning(DeletionRow)).first()
            return _read(row) if row else None


def _this(deletion: Deletion) -> ColumnElement[bool]:
    return (
        (DeletionRow.group_id == deletion.group_id)
        & (DeletionRow.connector_id == deletion.connector_id)
        # An id that was given out again is another connector's.
        & (DeletionRow.schema_name == deletion.schema_name)
    )


def _owned(deletion: Deletion) -> ColumnElement[bool]:
    return DeletionRow.owner == deletion.owner


def _read(row: DeletionRow) -> Deletion:
    return Deletion(**{name: getattr(row, name) for name in FIELDS})
