"""The audit log: who did what to which connector, when, and what came of it.

It only grows: the database itself refuses to change or delete an entry.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO

from sqlalchemy import select

from pbf.store.engine import Database
from pbf.store.tables import AuditEntry

FIELDS = ("at", "who", "what", "connector_id", "name", "outcome")
AT_ONCE = 500
# What a spreadsheet would take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the log; `at` is a time in UTC as ISO 8601 has it."""

    at: str
    who: str
    what: str
    connector_id: str
    name: str
    outcome: str


class AuditLog:
    """The log, oldest entry first."""

    def __init__(self, database: Database) -> None:
        """Keep it in a database."""
        self._database = database

    def add(self, *, who: str, what: str, connector_id: str, name: str, outcome: str) -> None:
        """Add an entry with the time now."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = AuditEntry(
            at=at, who=who, what=what, connector_id=connector_id, name=name, outcome=outcome
        )
        with self._database.session() as session:
            session.add(entry)

    def entries(self) -> Iterator[Entry]:
        """Yield all entries."""
        last = 0
        while True:
            page = select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id)
            with self._database.session() as session:
                rows = list(session.scalars(page.limit(AT_ONCE)))
                found = [Entry(**{name: getattr(row, name) for name in FIELDS}) for row in rows]
                last = rows[-1].id if rows else last
            yield from found
            if len(found) < AT_ONCE:
                return

    def csv(self) -> Iterator[str]:
        """Yield the log as lines of CSV, safe to open in a spreadsheet."""
        yield _line(FIELDS)
        for entry in self.entries():
            yield _line([_harmless(getattr(entry, name)) for name in FIELDS])


def _line(values: list[str] | tuple[str, ...]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _harmless(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value
