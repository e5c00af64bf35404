"""The store: everything that must outlive a restart.

Losing it loses no connector: whatever Fivetran lists is always shown. Every method raises
StoreFailed if the database cannot be read or written.
"""

import hashlib
import logging
import time
from contextlib import suppress

from sqlalchemy import URL, delete, select
from sqlalchemy.exc import IntegrityError

from pbf.errors import StoreFailed
from pbf.store.audit import AuditLog
from pbf.store.creations import Creations
from pbf.store.database import Database
from pbf.store.deletions import Deletions
from pbf.store.tables import TypedName, UsedToken

__all__ = ["USED_TOKEN_LIFETIME", "Store"]

USED_TOKEN_LIFETIME = 2 * 24 * 3600.0

logger = logging.getLogger("pbf")


class Store:
    """Typed names, creations, pending deletions, used tokens and the audit log."""

    def __init__(self, url: str | URL) -> None:
        """Open the database at an SQLAlchemy URL and apply missing migrations."""
        self._database = Database(url)
        self.creations = Creations(self._database)
        self.deletions = Deletions(self._database)
        self.audit = AuditLog(self._database)

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        return self._database.file

    def names(self) -> dict[tuple[str, str], str]:
        """Return the typed names by connector id and permanent name."""
        with self._database.session() as session:
            rows = session.scalars(select(TypedName))
            return {(row.connector_id, row.schema_name): row.name for row in rows}

    def use_token(self, token: str) -> bool:
        """Return whether a signed token is used for the first time; only its hash is stored."""
        now = time.time()
        digest = hashlib.sha256(token.encode()).hexdigest()
        try:
            with self._database.session() as session:
                expired = UsedToken.used_at < now - USED_TOKEN_LIFETIME
                session.execute(delete(UsedToken).where(expired))
                session.add(UsedToken(digest=digest, used_at=now))
        except IntegrityError:
            return False
        return True

    def record_action(
        self,
        actor: str,
        what: str,
        connector: str,
        name: str,
        outcome: str,
        *,
        group_id: str,
        details: str = "",
    ) -> None:
        """Add an entry to the audit log of a group; if that fails, log it instead."""
        with suppress(StoreFailed):
            self.audit.add(
                actor=actor,
                what=what,
                details=details,
                connector_id=connector,
                name=name,
                outcome=outcome,
                group_id=group_id,
            )
            return
        logger.error("not in the audit log: %s %s, %s by %s", what, connector, outcome, actor)

    def close(self) -> None:
        """Close the database."""
        self._database.close()
