"""Channels: where notifications go."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from pbf.store.database import Database
from pbf.store.watch.tables import Channel, Notification


class Channels:
    """The channels of all groups; `person_id` is "" for a channel of the whole tenant."""

    def __init__(self, database: Database) -> None:
        """Keep the channels in a database."""
        self._database = database

    def add(self, channel: Channel) -> None:
        """Store a new channel."""
        with self._database.session() as session:
            session.add(channel)

    def find(self, group_id: str, channel_id: str) -> Channel | None:
        """Return the channel of a group with an id, if any."""
        query = select(Channel).filter_by(group_id=group_id, id=channel_id)
        with self._database.reading() as session:
            return session.scalar(query)

    def listed(self, group_id: str) -> list[Channel]:
        """Return the channels of a group, in the order in which they were added."""
        query = select(Channel).filter_by(group_id=group_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(Channel.created_at, Channel.id)))

    def with_ids(self, ids: Sequence[str]) -> dict[str, Channel]:
        """Return channels of any group by their ids."""
        with self._database.reading() as session:
            rows = session.scalars(select(Channel).where(Channel.id.in_(ids)))
            return {row.id: row for row in rows}

    def change(self, channel: Channel, **values: object) -> bool:
        """Write values to a channel; False if it was removed."""
        statement = update(Channel).where(Channel.id == channel.id).values(**values)
        with self._database.session() as session:
            return session.execute(statement.returning(Channel.id)).first() is not None

    def remove(self, group_id: str, channel_id: str) -> bool:
        """Delete a channel with its notifications; False if there is none."""
        with self._database.session() as session:
            session.execute(
                delete(Notification).filter_by(group_id=group_id, channel_id=channel_id)
            )
            statement = delete(Channel).filter_by(group_id=group_id, id=channel_id)
            return session.execute(statement.returning(Channel.id)).first() is not None
