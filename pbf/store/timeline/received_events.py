"""Webhooks of Fivetran's as they arrived: the inbox, and how many there were of each kind."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pbf.store.database import Database
from pbf.store.timeline.tables import EventCount, ReceivedEvent


class ReceivedEvents:
    """The inbox of all groups; several processes may fill it and work it off."""

    def __init__(self, database: Database) -> None:
        """Keep the inbox in a database."""
        self._database = database

    def add(self, event: ReceivedEvent) -> bool:
        """Store an event; False if it was stored before."""
        try:
            with self._database.session() as session:
                session.add(event)
        except IntegrityError:
            return False
        return True

    def claim(self, most: int, *, now: float, lease: float) -> list[ReceivedEvent]:
        """Return events to work off, the earliest created first, claimed for `lease` seconds.

        Of concurrent calls, each returns other events.
        """
        event = ReceivedEvent
        is_free = (event.done_at.is_(None), event.claimed_until <= now)
        created = func.coalesce(event.created_at, event.received_at)
        order = (created, event.received_at, event.digest)
        waiting = select(event.digest).where(*is_free).order_by(*order).limit(most)
        waiting = waiting.with_for_update(skip_locked=True)
        with self._database.session() as session:
            # The condition is checked once more for what another process has claimed meanwhile.
            claimed = session.scalars(
                update(event)
                .where(event.digest.in_(waiting.scalar_subquery()), *is_free)
                .values(claimed_until=now + lease)
                .returning(event.digest)
            ).all()
            return list(
                session.scalars(select(event).where(event.digest.in_(claimed)).order_by(*order))
            )

    def finish(self, digests: Collection[str], now: float) -> None:
        """Mark events as worked off, and drop their bodies."""
        with self._database.session() as session:
            session.execute(
                update(ReceivedEvent)
                .where(ReceivedEvent.digest.in_(digests))
                .values(done_at=now, body="")
            )

    def waiting(self) -> int:
        """Return how many events are not worked off yet."""
        query = select(func.count()).where(ReceivedEvent.done_at.is_(None))
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def delete_received_before(self, time: float) -> None:
        """Delete the events that were received before a time."""
        with self._database.session() as session:
            session.execute(delete(ReceivedEvent).where(ReceivedEvent.received_at < time))

    def count(self, kinds: Mapping[str, int], now: float) -> None:
        """Add to the numbers of events of each kind."""
        for kind, number in kinds.items():
            try:
                with self._database.session() as session:
                    if not _add_to_count(session, kind, number, now):
                        session.add(EventCount(kind=kind, count=number, last_at=now))
            except IntegrityError:  # another process has counted the first one
                with self._database.session() as session:
                    _add_to_count(session, kind, number, now)

    def counts(self) -> dict[str, EventCount]:
        """Return the number of events of each kind, and when the last one arrived."""
        with self._database.reading() as session:
            return {row.kind: row for row in session.scalars(select(EventCount))}


def _add_to_count(session: Session, kind: str, number: int, now: float) -> bool:
    statement = (
        update(EventCount)
        .where(EventCount.kind == kind)
        .values(count=EventCount.count + number, last_at=now)
        .returning(EventCount.kind)
    )
    return session.execute(statement).first() is not None
