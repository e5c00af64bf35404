"""Links to the status pages of tenants; only the digests of their secrets are stored."""

from sqlalchemy import select, update

from pbf.store.database import Database
from pbf.store.watch.tables import StatusLink


class StatusLinks:
    """The links of all groups; times are in seconds since 1970."""

    def __init__(self, database: Database) -> None:
        """Keep the links in a database."""
        self._database = database

    def add(self, link: StatusLink) -> None:
        """Store a new link."""
        with self._database.session() as session:
            session.add(link)

    def group_of(self, digest: str) -> str | None:
        """Return the group whose status a link shows, by the digest of its secret; None if none."""
        query = select(StatusLink.group_id).where(
            StatusLink.digest == digest, StatusLink.revoked_at.is_(None)
        )
        with self._database.reading() as session:
            return session.scalar(query)

    def listed(self, group_id: str) -> list[StatusLink]:
        """Return the links of a group that work, the newest first."""
        row = StatusLink
        query = select(row).where(row.group_id == group_id, row.revoked_at.is_(None))
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(row.created_at.desc(), row.id)))

    def revoke(self, group_id: str, link_id: str, now: float) -> bool:
        """Revoke a link of a group; False if none with that id works."""
        row = StatusLink
        statement = (
            update(row)
            .where(row.group_id == group_id, row.id == link_id, row.revoked_at.is_(None))
            .values(revoked_at=now)
            .returning(row.id)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None
