"""The audit log: who did what to which connector, when, and with what outcome.

It only grows: the database itself refuses to change or delete an entry.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, select

from pbf.spreadsheet import line
from pbf.store.database import Database
from pbf.store.tables import AuditEntry

FIELDS = ("at", "actor", "what", "details", "connector_id", "name", "outcome", "group_id")
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of the log; `at` is a time in UTC, in ISO 8601.

    `name` is the connector's permanent name, `outcome` is "done", "nothing to do" or the type of
    an error.
    """

    at: str
    actor: str
    what: str
    details: str
    connector_id: str
    name: str
    outcome: str
    group_id: str


class AuditLog:
    """The audit log of all groups."""

    def __init__(self, database: Database) -> None:
        """Store entries in a database."""
        self._database = database

    def add(
        self,
        *,
        actor: str,
        what: str,
        details: str,
        connector_id: str,
        name: str,
        outcome: str,
        group_id: str,
    ) -> None:
        """Add an entry with the current time."""
        entry = AuditEntry(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            actor=_storable("actor", actor),
            what=_storable("what", what),
            details=_storable("details", details),
            connector_id=_storable("connector_id", connector_id),
            name=_storable("name", name),
            outcome=_storable("outcome", outcome),
            group_id=group_id,
        )
        with self._database.session() as session:
            session.add(entry)

    def newest(self, group_id: str, limit: int, *, connector_id: str = "") -> list[Entry]:
        """Return a group's entries, or those of one of its connectors, newest first."""
        query = _select().where(AuditEntry.group_id == group_id)
        if connector_id:
            stored = _storable("connector_id", connector_id)
            query = query.where(AuditEntry.connector_id == stored)
        return [entry for _, entry in self._read(query.order_by(AuditEntry.id.desc()), limit)]

    def entries(self, group_id: str | None = None) -> Iterator[Entry]:
        """Yield all entries, or those of one group, oldest first."""
        query = _select().order_by(AuditEntry.id)
        if group_id is not None:
            query = query.where(AuditEntry.group_id == group_id)
        last_id = 0
        while True:
            batch = self._read(query.where(AuditEntry.id > last_id), BATCH)
            yield from (entry for _, entry in batch)
            if len(batch) < BATCH:
                return
            last_id = batch[-1][0]

    def csv(self, group_id: str | None = None) -> Iterator[str]:
        """Yield all entries, or those of one group, as lines of CSV, safe for a spreadsheet."""
        yield line(FIELDS)
        for entry in self.entries(group_id):
            yield line(getattr(entry, field) for field in FIELDS)

    def _read(self, query: Select[Any], limit: int) -> list[tuple[int, Entry]]:
        with self._database.session() as session:
            rows = session.execute(query.limit(limit)).all()
        return [(row[0], Entry(**dict(zip(FIELDS, row[1:], strict=True)))) for row in rows]


def _select() -> Select[Any]:
    return select(AuditEntry.id, *(getattr(AuditEntry, field) for field in FIELDS))


def _storable(field: str, text: str) -> str:
    """Return a text that every database accepts: no lone surrogate, no NUL, cut to its column.

    An id from outside may hold anything.
    """
    longest: int | None = getattr(AuditEntry.__table__.c[field].type, "length", None)
    return text.encode(errors="replace").decode().replace("\0", "?")[:longest]
