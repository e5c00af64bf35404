"""What lists said last of each connector."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select, update

from pbf.store.database import Database
from pbf.store.timeline.tables import LastSeen
from pbf.store.timeline.upserts import Values, lock_group, put


class LastSeenRows:
    """The connectors of all groups as they were last seen."""

    def __init__(self, database: Database) -> None:
        """Keep the rows in a database."""
        self._database = database

    def listed(self, group_id: str) -> list[LastSeen]:
        """Return all rows of a group."""
        with self._database.reading() as session:
            return list(session.scalars(select(LastSeen).where(LastSeen.group_id == group_id)))

    def find(self, group_id: str, connector_id: str) -> LastSeen | None:
        """Return the row of a connector."""
        with self._database.reading() as session:
            return session.get(LastSeen, (group_id, connector_id))

    def put(self, group_id: str, rows: Sequence[Values]) -> None:
        """Insert or replace rows, unless a later list was seen; all have the same columns.

        A connector that has moved stays so until its history is read.
        """
        if not rows:
            return
        with self._database.session() as session:
            lock_group(session, group_id)
            # Columns, since a group's rows as objects take most of the time of a small change.
            columns = select(LastSeen.connector_id, LastSeen.has_moved, LastSeen.seen_at)
            query = columns.where(LastSeen.group_id == group_id)
            stored = {row.connector_id: row for row in session.execute(query)}
            put(
                session,
                LastSeen,
                [
                    {**row, "group_id": group_id, "has_moved": row["has_moved"] or was_moved}
                    for row in rows
                    for last in [stored.get(row["connector_id"])]
                    for was_moved in [last is not None and last.has_moved]
                    if last is None or last.seen_at <= row["seen_at"]
                ],
            )

    def mark_read(self, group_id: str, connector_id: str, until: float) -> None:
        """Note that a history was read up to a time; what a later list showed stays to be read."""
        moved_since = LastSeen.seen_at > until
        self._write(group_id, (connector_id,), has_moved=moved_since, history_until=until)

    def mark_moved(self, group_id: str, connector_ids: Collection[str]) -> None:
        """Note that something happened to connectors since their histories were read."""
        self._write(group_id, connector_ids, has_moved=True)

    def waiting(self) -> int:
        """Return how many connectors of all groups moved since their histories were read."""
        query = select(func.count()).select_from(LastSeen).where(LastSeen.has_moved)
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def count(self) -> int:
        """Return how many connectors there are in all groups."""
        with self._database.reading() as session:
            return session.scalar(select(func.count()).select_from(LastSeen)) or 0

    def delete_before(self, time: float) -> None:
        """Delete the rows that were seen last before a time."""
        with self._database.session() as session:
            session.execute(delete(LastSeen).where(LastSeen.seen_at < time))

    def _write(self, group_id: str, connector_ids: Collection[str], **values: object) -> None:
        mine = LastSeen.group_id == group_id, LastSeen.connector_id.in_(connector_ids)
        with self._database.session() as session:
            session.execute(update(LastSeen).where(*mine).values(**values))
