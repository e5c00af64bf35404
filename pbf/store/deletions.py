"""Pending deletions. A process claims one before it carries the deletion out or undoes it."""

from pbf.store.database import Database
from pbf.store.leases import Leases
from pbf.store.tables import Deletion


class Deletions(Leases[Deletion]):
    """The pending deletions of all groups."""

    def __init__(self, database: Database) -> None:
        """Store deletions in a database."""
        super().__init__(database, Deletion)

    def listed(self, group_id: str) -> list[Deletion]:
        """Return a group's pending deletions, the next one first."""
        pending = self._select(Deletion.group_id == group_id)
        return sorted(pending, key=lambda deletion: deletion.due_at)
