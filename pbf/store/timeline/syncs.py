"""The syncs of connectors, merged from all sources."""

from sqlalchemy import select

from pbf.store.database import Database
from pbf.store.timeline.tables import Sync


class Syncs:
    """The syncs of all groups."""

    def __init__(self, database: Database) -> None:
        """Keep the syncs in a database."""
        self._database = database

    def between(self, group_id: str, connector_id: str, since: float, until: float) -> list[Sync]:
        """Return the syncs of a connector that started in a period, oldest first."""
        query = (
            select(Sync)
            .where(Sync.group_id == group_id, Sync.connector_id == connector_id)
            .where(Sync.started_at >= since, Sync.started_at < until)
            .order_by(Sync.started_at)
        )
        with self._database.session() as session:
            return list(session.scalars(query))
