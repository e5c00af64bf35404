"""Notifications: messages that are to be sent to channels, and the log of those that were."""

from sqlalchemy import delete, func, select

from pbf.store.database import Database
from pbf.store.leases import Leases
from pbf.store.retention import NOTIFICATIONS
from pbf.store.watch.tables import Notification

WAITING = ""
# The kinds of messages that say that an incident began.
OPENINGS = ("opened", "escalated")


class Notifications(Leases[Notification]):
    """The notifications of all groups; one waits as long as its status is empty."""

    def __init__(self, database: Database) -> None:
        """Keep the notifications in a database."""
        super().__init__(database, Notification)

    def due(self, now: float, limit: int) -> list[Notification]:
        """Return what is to be sent by now, of all groups, the oldest first."""
        row = Notification
        query = (
            select(row)
            .where(row.sent_at.is_(None), row.due_at <= now, row.status == WAITING)
            .order_by(row.due_at, row.created_at, row.id)
            .limit(limit)
        )
        with self._database.reading() as session:
            return list(session.scalars(query))

    def next_due(self, now: float) -> float | None:
        """Return when the next message becomes due, in seconds since 1970."""
        row = Notification
        query = select(func.min(row.due_at)).where(
            row.sent_at.is_(None), row.due_at > now, row.status == WAITING
        )
        with self._database.reading() as session:
            return session.scalar(query)

    def about(self, group_id: str, subject_id: str) -> list[Notification]:
        """Return the messages of a group about an incident."""
        row = Notification
        return self._select(row.group_id == group_id, row.subject_id == subject_id)

    def openings(self, group_id: str, subject_id: str) -> list[Notification]:
        """Return the messages of a group that say that an incident began."""
        return [row for row in self.about(group_id, subject_id) if row.kind in OPENINGS]

    def of_channel(self, group_id: str, channel_id: str, limit: int) -> list[Notification]:
        """Return the newest messages of a channel first."""
        query = select(Notification).filter_by(group_id=group_id, channel_id=channel_id)
        query = query.order_by(Notification.created_at.desc(), Notification.id).limit(limit)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def delete_expired(self, now: float) -> None:
        """Delete messages that were created long ago."""
        with self._database.session() as session:
            expired = Notification.created_at < now - NOTIFICATIONS
            session.execute(delete(Notification).where(expired))
