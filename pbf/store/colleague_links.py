"""Links for colleagues: who asks for what, and what became of it."""

from sqlalchemy import ColumnElement, delete, select, update

from pbf.store.database import Database
from pbf.store.retention import ENDED_COLLEAGUE_LINKS
from pbf.store.tables import ColleagueLink


class ColleagueLinks:
    """The links of all groups; times are in seconds since 1970."""

    def __init__(self, database: Database) -> None:
        """Keep the links in a database."""
        self._database = database

    def add(self, link: ColleagueLink) -> None:
        """Store a new link."""
        with self._database.session() as session:
            session.add(link)

    def find(self, group_id: str, digest: str) -> ColleagueLink | None:
        """Return the link of a group with the SHA-256 of its secret part, if any."""
        query = select(ColleagueLink).filter_by(group_id=group_id, digest=digest)
        with self._database.reading() as session:
            return session.scalar(query)

    def listed(self, group_id: str, connector_id: str, limit: int) -> list[ColleagueLink]:
        """Return the links of a connector, also those that ended, the newest first."""
        row = ColleagueLink
        query = select(row).filter_by(group_id=group_id, connector_id=connector_id)
        query = query.order_by(row.created_at.desc(), row.id).limit(limit)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def mark_opened(self, group_id: str, link_id: str, now: float) -> None:
        """Store that a link was opened; only the first time counts."""
        self._mark(group_id, link_id, ColleagueLink.opened_at.is_(None), opened_at=now)

    def mark_finished(self, group_id: str, link_id: str, now: float) -> None:
        """Store that the set-up was finished through a link; only the first time counts."""
        self._mark(group_id, link_id, ColleagueLink.finished_at.is_(None), finished_at=now)

    def revoke(self, group_id: str, connector_id: str, link_id: str, now: float) -> bool:
        """Revoke a link that still works; False if the connector has no such link."""
        row = ColleagueLink
        conditions = (
            row.connector_id == connector_id,
            row.finished_at.is_(None),
            row.revoked_at.is_(None),
            row.expires_at > now,
        )
        return self._mark(group_id, link_id, *conditions, revoked_at=now)

    def delete_expired(self, now: float) -> None:
        """Delete links that expired some time ago."""
        with self._database.session() as session:
            expired = ColleagueLink.expires_at < now - ENDED_COLLEAGUE_LINKS
            session.execute(delete(ColleagueLink).where(expired))

    def _mark(
        self, group_id: str, link_id: str, *conditions: ColumnElement[bool], **values: float
    ) -> bool:
        """Write values to a link that meets conditions; False if there is none."""
        row = ColleagueLink
        statement = (
            update(row)
            .where(row.group_id == group_id, row.id == link_id, *conditions)
            .values(**values)
            .returning(row.id)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None
