"""The audit log: who did what to which connector, when, and what came of it.

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

FIELDS = ("at", "who", "what", "details", "connector_id", "name", "outcome", "group_id")
AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the log; `at` is a time in UTC as ISO 8601 has it.

    `name` is the connector's permanent name, `outcome` is "done", "nothing to do" or the type of
    an error.
    """

    at: str
    who: str
    what: str
    details: str
    connector_id: str
    name: str
    outcome: str
    group_id: str


class AuditLog:
    """The log of all groups."""

    def __init__(self, database: Database) -> None:
        """Keep it in a database."""
        self._database = database

    def add(
        self,
        *,
        who: str,
        what: str,
        details: str,
        connector_id: str,
        name: str,
        outcome: str,
        group_id: str,
    ) -> None:
        """Add an entry with the time now."""
        entry = AuditEntry(
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            who=_fitting("who", who),
            what=_fitting("what", what),
            details=_fitting("details", details),
            connector_id=_fitting("connector_id", connector_id),
            name=_fitting("name", name),
            outcome=_fitting("outcome", outcome),
            group_id=group_id,
        )
        with self._database.session() as session:
            session.add(entry)

    def newest(self, group_id: str, limit: int, *, connector_id: str = "") -> list[Entry]:
        """Return a group's entries, or those about one of its connectors, the newest first."""
        wanted = _select().where(AuditEntry.group_id == group_id)
        if connector_id:
            kept = _fitting("connector_id", connector_id)
            wanted = wanted.where(AuditEntry.connector_id == kept)
        return [entry for _, entry in self._read(wanted.order_by(AuditEntry.id.desc()), limit)]

    def entries(self, group_id: str | None = None) -> Iterator[Entry]:
        """Yield all entries, or those of one group, the oldest first."""
        wanted = _select().order_by(AuditEntry.id)
        if group_id is not None:
            wanted = wanted.where(AuditEntry.group_id == group_id)
        last = 0
        while True:
            found = self._read(wanted.where(AuditEntry.id > last), AT_ONCE)
            yield from (entry for _, entry in found)
            if len(found) < AT_ONCE:
                return
            last = found[-1][0]

    def csv(self, group_id: str | None = None) -> Iterator[str]:
        """Yield all entries, or those of one group, as lines of CSV, safe for a spreadsheet."""
        yield line(FIELDS)
        for entry in self.entries(group_id):
            yield line(getattr(entry, field) for field in FIELDS)

    def _read(self, wanted: Select[Any], limit: int) -> list[tuple[int, Entry]]:
        with self._database.session() as session:
            rows = session.execute(wanted.limit(limit)).all()
        return [(row[0], Entry(**dict(zip(FIELDS, row[1:], strict=True)))) for row in rows]


def _select() -> Select[Any]:
    return select(AuditEntry.id, *(getattr(AuditEntry, field) for field in FIELDS))


def _fitting(field: str, text: str) -> str:
    """Return a text as every database takes it: no half letter, no NUL, as long as there is room.

    An id that is none of ours may be anything.
    """
    longest: int | None = getattr(AuditEntry.__table__.c[field].type, "length", None)
    return text.encode(errors="replace").decode().replace("\0", "?")[:longest]
