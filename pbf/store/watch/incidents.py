"""The incidents of all groups, and the events of their threads."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from pbf.store.database import Database
from pbf.store.timeline.tables import LastSeen
from pbf.store.watch.tables import Incident, IncidentEvent

OPENED, CLOSED = "opened", "closed"
# Databases limit the number of values in a statement.
MOST_IDS = 500


class Incidents:
    """The incidents of all groups; times are in seconds since 1970.

    An incident whose `opened_at` is ahead waits: it is listed as open from then on.
    """

    def __init__(self, database: Database) -> None:
        """Keep the incidents in a database."""
        self._database = database

    def open(self, incident: Incident, event: IncidentEvent) -> bool:
        """Store a new incident with its first event; False if one is open in its place."""
        try:
            self._add([(incident, event)])
        except IntegrityError:
            return False
        return True

    def open_all(self, new: Sequence[tuple[Incident, IncidentEvent]]) -> None:
        """Store new incidents with their first events, but none in whose place one is open."""
        if not new:
            return
        try:
            # In one order, so that two processes do not wait for each other.
            self._add(sorted(new, key=lambda pair: pair[0].open_key or ""))
        except IntegrityError:
            for incident, event in new:
                self.open(incident, event)

    def close(self, incident_id: str, event: IncidentEvent) -> bool:
        """Close an incident with its last event; False if it is closed already."""
        statement = (
            update(Incident)
            .where(Incident.id == incident_id, Incident.closed_at.is_(None))
            .values(closed_at=event.at, open_key=None)
            .returning(Incident.id)
        )
        with self._database.session() as session:
            if session.execute(statement).first() is None:
                return False
            session.add(event)
        return True

    def change(self, incident_id: str, event: IncidentEvent, **values: object) -> None:
        """Add an event to an incident, and write values to it."""
        with self._database.session() as session:
            if values:
                row = Incident
                session.execute(update(row).where(row.id == incident_id).values(**values))
            session.add(event)

    def discard(self, incident_id: str) -> None:
        """Forget an incident that waited and never opened."""
        with self._database.session() as session:
            session.execute(delete(IncidentEvent).where(IncidentEvent.incident_id == incident_id))
            session.execute(delete(Incident).where(Incident.id == incident_id))

    def delete_closed_before(self, time: float) -> None:
        """Delete the incidents that closed before a time, with their threads."""
        row = Incident
        ended = select(row.id).where(row.closed_at < time)
        with self._database.session() as session:
            session.execute(delete(IncidentEvent).where(IncidentEvent.incident_id.in_(ended)))
            session.execute(delete(row).where(row.closed_at < time))

    def mark_notified(self, incident_id: str, event: str) -> None:
        """Store which event of an incident the notifications know of now."""
        with self._database.session() as session:
            session.execute(
                update(Incident).where(Incident.id == incident_id).values(notified_of=event)
            )

    def to_notify(self, now: float, limit: int) -> list[Incident]:
        """Return the incidents of which the notifications do not know all yet."""
        row = Incident
        news = or_(row.notified_of == "", (row.notified_of == OPENED) & row.closed_at.is_not(None))
        query = select(row).where(news, row.notified_of != CLOSED, row.opened_at <= now)
        return self._read(query.order_by(row.opened_at).limit(limit))

    def open_by_group(self) -> dict[str, list[Incident]]:
        """Return all incidents that are open or waiting, by group."""
        groups: defaultdict[str, list[Incident]] = defaultdict(list)
        for row in self._read(select(Incident).where(Incident.open_key.is_not(None))):
            groups[row.group_id].append(row)
        return groups

    def open_of(self, group_id: str, now: float) -> list[Incident]:
        """Return a group's open incidents, the newest first."""
        row = Incident
        query = select(row).where(
            row.group_id == group_id, row.open_key.is_not(None), row.opened_at <= now
        )
        return self._read(query.order_by(row.opened_at.desc(), row.id))

    def listed(
        self, group_id: str, now: float, *, connector_id: str, since: float, limit: int
    ) -> list[Incident]:
        """Return a group's incidents, or a connector's, that were open since a time."""
        row = Incident
        query = select(row).where(row.group_id == group_id, row.opened_at <= now)
        query = query.where(or_(row.closed_at.is_(None), row.closed_at >= since))
        if connector_id:
            query = query.where(row.connector_id == connector_id)
        return self._read(query.order_by(row.opened_at.desc(), row.id).limit(limit))

    def find(self, group_id: str, incident_id: str, now: float) -> Incident | None:
        """Return an incident of a group, if any."""
        row = Incident
        query = select(row).where(row.group_id == group_id, row.id == incident_id)
        return next(iter(self._read(query.where(row.opened_at <= now))), None)

    def events(self, incident_ids: Collection[str]) -> dict[str, list[IncidentEvent]]:
        """Return the events of incidents by incident, the oldest first."""
        threads: defaultdict[str, list[IncidentEvent]] = defaultdict(list)
        ids = list(incident_ids)
        for start in range(0, len(ids), MOST_IDS):
            part = IncidentEvent.incident_id.in_(ids[start : start + MOST_IDS])
            with self._database.reading() as session:
                query = select(IncidentEvent).where(part).order_by(IncidentEvent.id)
                for event in session.scalars(query):
                    threads[event.incident_id].append(event)
        return threads

    def lists_read_at(self) -> dict[str, float]:
        """Return when the list of each group was last read, by any process."""
        query = select(LastSeen.group_id, func.max(LastSeen.seen_at)).group_by(LastSeen.group_id)
        with self._database.reading() as session:
            return {row[0]: row[1] for row in session.execute(query)}

    def _add(self, new: Sequence[tuple[Incident, IncidentEvent]]) -> None:
        with self._database.session() as session:
            session.add_all(incident for incident, _ in new)
            session.flush()
            session.add_all(event for _, event in new)

    def _read(self, query: Select[Incident]) -> list[Incident]:
        with self._database.reading() as session:
            rows: Sequence[Incident] = session.scalars(query).all()
        return list(rows)
