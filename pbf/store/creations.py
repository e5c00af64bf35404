"""Creations: attempts to create a connector, stored with their reserved name before the call."""

from sqlalchemy import delete, update

from pbf.fivetran.models import Connector
from pbf.store.database import Database
from pbf.store.leases import Leases
from pbf.store.retention import CREATIONS
from pbf.store.tables import Creation, TypedName


class Creations(Leases[Creation]):
    """The creation attempts of all groups."""

    def __init__(self, database: Database) -> None:
        """Store attempts in a database."""
        super().__init__(database, Creation)

    def holder(self, group_id: str, name: str) -> Creation | None:
        """Return the attempt that has reserved a permanent name, if any."""
        attempts = self._select(Creation.group_id == group_id, Creation.reserved == name)
        return next(iter(attempts), None)

    def groups(self) -> set[str]:
        """Return the groups with attempts whose outcome is not known yet."""
        return self._groups(Creation.connector_id.is_(None))

    def unsettled(self, group_id: str) -> list[Creation]:
        """Return the attempts whose outcome is not known yet."""
        return self._select(Creation.group_id == group_id, Creation.connector_id.is_(None))

    def finish(self, creation: Creation, connector: Connector) -> None:
        """Store which connector an attempt created, and the name as typed; delete expired ones."""
        name = TypedName(
            connector_id=connector.id, schema_name=connector.schema_name, name=creation.typed
        )
        this = (Creation.group_id == creation.group_id, Creation.key == creation.key)
        now = self.now()
        expired = (Creation.connector_id.is_not(None), Creation.lease_until < now - CREATIONS)
        done = {"connector_id": connector.id, "reserved": None, "sent_at": None, "owner": ""}
        with self._database.session() as session:
            session.merge(name)
            session.execute(delete(Creation).where(*expired))
            session.execute(update(Creation).where(*this).values(**done, lease_until=now))
