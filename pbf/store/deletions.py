"""Deletions that wait: who carries one out, or takes it back, claims it first."""

import time

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from pbf.pending import Deletion
from pbf.store.engine import Database
from pbf.store.tables import DeletionRow


class Deletions:
    """The deletions of all groups that have not been carried out."""

    def __init__(self, database: Database) -> None:
        """Keep them in a database."""
        self._database = database

    def add(self, deletion: Deletion) -> bool:
        """Write one down; False if it is there already."""
        row = DeletionRow(
            **{name: getattr(deletion, name) for name in Deletion.__dataclass_fields__},
            owner="",
            lease_until=0.0,
        )
        try:
            with self._database.session() as session:
                session.add(row)
        except IntegrityError:
            return False
        return True

    def listed(self, group_id: str) -> list[Deletion]:
        """Return what waits, the next one first."""
        mine = select(DeletionRow).where(DeletionRow.group_id == group_id)
        with self._database.session() as session:
            return [_read(row) for row in session.scalars(mine.order_by(DeletionRow.due_at))]

    def claim(self, deletion: Deletion, owner: str, lease: float) -> bool:
        """Take one in hand for `lease` seconds; of many who try at once, one succeeds."""
        now = time.time()
        free = (
            (DeletionRow.group_id == deletion.group_id)
            & (DeletionRow.connector_id == deletion.connector_id)
            & (DeletionRow.lease_until <= now)
        )
        claimed = update(DeletionRow).where(free).values(owner=owner, lease_until=now + lease)
        with self._database.session() as session:
            found = session.execute(claimed.returning(DeletionRow.connector_id)).first()
            return found is not None

    def put_back(self, deletion: Deletion, owner: str, *, wait: float = 0.0) -> None:
        """Let others have one again, after so many seconds."""
        mine = (
            (DeletionRow.group_id == deletion.group_id)
            & (DeletionRow.connector_id == deletion.connector_id)
            & (DeletionRow.owner == owner)
        )
        free = update(DeletionRow).where(mine).values(owner="", lease_until=time.time() + wait)
        with self._database.session() as session:
            session.execute(free)

    def remove(self, deletion: Deletion) -> None:
        """Forget one that was carried out or taken back."""
        with self._database.session() as session:
            session.execute(
                delete(DeletionRow).where(
                    DeletionRow.group_id == deletion.group_id,
                    DeletionRow.connector_id == deletion.connector_id,
                )
            )


def _read(row: DeletionRow) -> Deletion:
    return Deletion(**{name: getattr(row, name) for name in Deletion.__dataclass_fields__})
