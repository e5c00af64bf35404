"""Setting aside what is stored of some groups' connectors, and putting it back."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, delete, insert, select
from sqlalchemy.orm import Session

from pbf.store.database import Database
from pbf.store.tables import Base, ColleagueLink, Creation, Deletion, PlannedChange
from pbf.store.timeline.tables import LastSeen, Observation, ReceivedEvent, Sync, SyncDay, SyncHour
from pbf.store.watch.tables import Incident, IncidentEvent, Notification

# What people configured, such as promises and channels, stays, and so does the audit log.
OF_A_GROUP: Sequence[type[Base]] = (
    *(Creation, Deletion, PlannedChange, ColleagueLink),
    *(Sync, SyncDay, SyncHour, Observation, LastSeen, ReceivedEvent),
    Incident,
)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


class SetAside:
    """What is stored of groups' connectors, as rows of tables."""

    def __init__(self, database: Database) -> None:
        """Set aside rows of a database."""
        self._database = database

    def take(self, group_ids: Collection[str]) -> Rows:
        """Remove what is stored of the connectors of groups, and return it."""
        rows = {}
        with self._database.session() as session:
            for table, condition in _conditions(group_ids):
                query = select(table).where(condition).order_by(*table.primary_key)
                rows[table.name] = [dict(row) for row in session.execute(query).mappings()]
            _delete(session, group_ids)
        return rows

    def put_back(self, group_ids: Collection[str], rows: Rows) -> None:
        """Store what was taken instead of what is stored of groups now."""
        with self._database.session() as session:
            _delete(session, group_ids)
            for name, values in rows.items():
                table = Base.metadata.tables[name]
                number = table.autoincrement_column
                # Other rows may have its values by now.
                left_out = {number.name} if number is not None else set()
                if values:
                    kept = [{key: row[key] for key in row.keys() - left_out} for row in values]
                    session.execute(insert(table), kept)


def _delete(session: Session, group_ids: Collection[str]) -> None:
    for table, condition in _conditions(group_ids):
        session.execute(delete(table).where(condition))


def _conditions(group_ids: Collection[str]) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Yield each table and which of its rows belong to groups, incidents last."""
    tables = Base.metadata.tables
    incidents = select(Incident.id).where(Incident.group_id.in_(group_ids))
    yield tables[IncidentEvent.__tablename__], IncidentEvent.incident_id.in_(incidents)
    yield tables[Notification.__tablename__], Notification.subject_id.in_(incidents)
    for row in OF_A_GROUP:
        table = tables[row.__tablename__]
        yield table, table.c.group_id.in_(group_ids)
