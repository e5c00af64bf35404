"""Planned changes: pauses and resumptions at a time."""

from sqlalchemy import delete

from pbf.store.database import Database
from pbf.store.leases import Leases
from pbf.store.retention import PAST_CHANGES
from pbf.store.tables import PlannedChange

PENDING = (PlannedChange.done_at.is_(None), PlannedChange.cancelled_at.is_(None))


class PlannedChanges(Leases[PlannedChange]):
    """The planned changes of all groups."""

    def __init__(self, database: Database) -> None:
        """Store changes in a database."""
        super().__init__(database, PlannedChange)

    def groups(self) -> set[str]:
        """Return the groups with changes that are still to be carried out."""
        return self._groups(*PENDING)

    def pending(self, group_id: str) -> list[PlannedChange]:
        """Return the changes of a group that are still to be carried out."""
        return self._select(PlannedChange.group_id == group_id, *PENDING)

    def of_connector(self, group_id: str, connector_id: str) -> list[PlannedChange]:
        """Return the changes of a connector, also those that are over."""
        return self._select(
            PlannedChange.group_id == group_id, PlannedChange.connector_id == connector_id
        )

    def delete_expired(self, now: float) -> None:
        """Delete changes that were over some time ago."""
        over = PlannedChange.due_at < now - PAST_CHANGES
        with self._database.session() as session:
            session.execute(delete(PlannedChange).where(over, PlannedChange.done_at.is_not(None)))
            session.execute(
                delete(PlannedChange).where(over, PlannedChange.cancelled_at.is_not(None))
            )
