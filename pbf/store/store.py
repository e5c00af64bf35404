"""What must outlive a restart.

Losing it loses no connector: what Fivetran lists is always shown. Every method raises StoreFailed
if the database cannot be read or written.
"""

import hashlib
import logging
import time
from contextlib import suppress

from sqlalchemy import URL, delete, select
from sqlalchemy.exc import IntegrityError

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.store.audit import AuditLog
from pbf.store.creations import Creations
from pbf.store.database import Database
from pbf.store.deletions import Deletions
from pbf.store.tables import TypedName, UsedSlip

__all__ = ["USED_SLIPS_KEPT", "Store"]

USED_SLIPS_KEPT = 2 * 24 * 3600.0

logger = logging.getLogger("pbf")


class Store:
    """Typed names, creations, deletions that wait, used slips and the audit log."""

    def __init__(self, url: str | URL) -> None:
        """Open the database at an SQLAlchemy URL and bring its tables up to date."""
        self._database = Database(url)
        self.creations = Creations(self._database)
        self.deletions = Deletions(self._database)
        self.audit = AuditLog(self._database)

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        return self._database.file

    def keep_name(self, connector: Connector, name: str) -> None:
        """Remember the name as typed."""
        row = TypedName(connector_id=connector.id, schema_name=connector.schema_name, name=name)
        with self._database.session() as session:
            session.merge(row)

    def names(self) -> dict[tuple[str, str], str]:
        """Return the typed names by connector id and permanent name."""
        with self._database.session() as session:
            rows = session.scalars(select(TypedName))
            return {(row.connector_id, row.schema_name): row.name for row in rows}

    def use_slip(self, slip: str) -> bool:
        """Return whether this is the first use of a return state or a ticket; its hash is kept."""
        now = time.time()
        digest = hashlib.sha256(slip.encode()).hexdigest()
        try:
            with self._database.session() as session:
                old = UsedSlip.used_at < now - USED_SLIPS_KEPT
                session.execute(delete(UsedSlip).where(old))
                session.add(UsedSlip(digest=digest, used_at=now))
        except IntegrityError:
            return False
        return True

    def note(
        self,
        who: str,
        what: str,
        connector: str,
        name: str,
        outcome: str,
        *,
        group_id: str,
        details: str = "",
    ) -> None:
        """Add to the audit log of a group; where that fails the log of the process says so."""
        with suppress(StoreFailed):
            self.audit.add(
                who=who,
                what=what,
                details=details,
                connector_id=connector,
                name=name,
                outcome=outcome,
                group_id=group_id,
            )
            return
        logger.error("not in the audit log: %s %s, %s by %s", what, connector, outcome, who)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
