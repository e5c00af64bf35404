"""The store: everything that must outlive a restart.

Losing it loses no connector: whatever Fivetran lists is always shown. Every method raises
StoreFailed if the database cannot be read or written.
"""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

from sqlalchemy import URL, delete, select
from sqlalchemy.exc import IntegrityError

from pbf.store.audit.log import AuditLog
from pbf.store.audit.spool import AuditSpool
from pbf.store.colleague_links import ColleagueLinks
from pbf.store.creations import Creations
from pbf.store.database import CONNECTIONS, Database
from pbf.store.figures import Figures, read_figures
from pbf.store.identity.api_tokens import ApiTokens
from pbf.store.identity.member_invitations import Invitations
from pbf.store.identity.people import People
from pbf.store.identity.service_requests import ServiceRequests
from pbf.store.identity.sessions import SessionRows
from pbf.store.identity.sign_in_links import SignInLinks
from pbf.store.identity.tenants import TenantRows
from pbf.store.leases import Leases
from pbf.store.marks import Marks, read_marks
from pbf.store.planned_changes import PlannedChanges
from pbf.store.retention import USED_TOKENS
from pbf.store.stories.set_aside import SetAside
from pbf.store.tables import Deletion, Job, TypedName, UsedToken
from pbf.store.timeline.last_seen import LastSeenRows
from pbf.store.timeline.observations import Observations
from pbf.store.timeline.received_events import ReceivedEvents
from pbf.store.timeline.syncs import Syncs
from pbf.store.watch.channels import Channels
from pbf.store.watch.incidents import Incidents
from pbf.store.watch.notifications import Notifications
from pbf.store.watch.promises import Promises
from pbf.store.watch.status_links import StatusLinks

# Databases limit the number of values in a statement.
MOST_IDS = 1000


class Store:
    """Typed names, creations, pending deletions, used tokens, the audit log, and people."""

    def __init__(
        self,
        url: str | URL,
        *,
        migrates: bool = True,
        connections: int = CONNECTIONS,
        spool: Path | None = None,
    ) -> None:
        """Open the database at an SQLAlchemy URL and apply missing migrations.

        With `migrates` false, raise MigrationsMissing instead. A process has at most so many
        connections to PostgreSQL. `spool` is a folder for entries of the audit log that wait.
        """
        self._database = Database(url, migrates=migrates, connections=connections)
        self.creations = Creations(self._database)
        self.deletions = Leases(self._database, Deletion)
        self.jobs = Leases(self._database, Job)
        self.planned_changes = PlannedChanges(self._database)
        self.set_aside = SetAside(self._database)
        self.syncs = Syncs(self._database)
        self.channels = Channels(self._database)
        self.notifications = Notifications(self._database)
        self.promises = Promises(self._database)
        self.incidents = Incidents(self._database)
        self.status_links = StatusLinks(self._database)
        self.observations = Observations(self._database)
        self.last_seen = LastSeenRows(self._database)
        self.received_events = ReceivedEvents(self._database)
        self.audit = AuditLog(
            self._database, AuditSpool(spool, self._database.address) if spool else None
        )
        self.colleague_links = ColleagueLinks(self._database)
        self.tenants = TenantRows(self._database)
        self.people = People(self._database)
        self.invitations = Invitations(self._database)
        self.sessions = SessionRows(self._database)
        self.api_tokens = ApiTokens(self._database)
        self.sign_in_links = SignInLinks(self._database)
        self.service_requests = ServiceRequests(self._database)

    @property
    def file(self) -> str | None:
        """The file of an SQLite database that is not in memory."""
        return self._database.file

    def now(self) -> float:
        """Return the time of the database, in seconds since 1970."""
        return self._database.now()

    def names(self, connector_ids: Collection[str] | None = None) -> dict[tuple[str, str], str]:
        """Return the typed names of some connectors, or of all, by id and permanent name."""
        query = select(TypedName.connector_id, TypedName.schema_name, TypedName.name)
        with self._database.reading() as session:
            if connector_ids is None:
                rows = list(session.execute(query))
            else:
                rows = [
                    row
                    for ids in _batches(list(connector_ids))
                    for row in session.execute(query.where(TypedName.connector_id.in_(ids)))
                ]
        return {(connector_id, schema_name): name for connector_id, schema_name, name in rows}

    def groups_to_work_on(self) -> set[str]:
        """Return the groups with creations that are not settled, deletions or planned changes."""
        return self.creations.groups() | self.deletions.groups() | self.planned_changes.groups()

    @property
    def pool_in_use(self) -> int:
        """How many connections to the database are in use; 0 for a database in memory."""
        return self._database.pool_in_use

    def figures(self, now: float) -> Figures:
        """Return what waits in the store at a time, in seconds since 1970."""
        with self._database.reading() as session:
            return read_figures(session, now)

    def marks(self, group_id: str | None = None) -> Marks:
        """Return what differs once the pages of a group, or of any, show something else."""
        now = self.now()
        with self._database.reading() as session:
            return read_marks(session, now, group_id)

    def use_token(self, token: str) -> bool:
        """Return whether a signed token is used for the first time; only its hash is stored."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        try:
            with self._database.session() as session:
                session.add(UsedToken(digest=digest, used_at=self.now()))
        except IntegrityError:
            return False
        return True

    def delete_expired(self, now: float) -> None:
        """Delete sessions, tokens, links, invitations and plans that ended some time ago.

        `now` has to be a time that has passed for certain, see ApiClient.confirmed_time.
        """
        for rows in (
            self.sessions,
            self.api_tokens,
            self.sign_in_links,
            self.invitations,
            self.colleague_links,
            self.planned_changes,
            self.notifications,
        ):
            rows.delete_expired(now)
        with self._database.session() as session:
            expired = UsedToken.used_at < now - USED_TOKENS
            session.execute(delete(UsedToken).where(expired))

    def other_processes(self) -> int:
        """Return how many other processes use the database; 0 for SQLite, which does not tell."""
        return self._database.other_processes()

    def version(self) -> str:
        """Return the migration that the database is at; raise StoreFailed."""
        return self._database.version()

    def close(self) -> None:
        """Close the database and the spool of the audit log."""
        self.audit.close()
        self._database.close()


def _batches(ids: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), MOST_IDS):
        yield ids[start : start + MOST_IDS]
