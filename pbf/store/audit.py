"""The audit log: who did what to which connector, when, and with what outcome.

It only grows: the database itself refuses to change or delete an entry.
"""

from collections.abc import Iterator

from sqlalchemy import DDL, Select, event, select

from pbf.clock import utc_now
from pbf.spreadsheet import line
from pbf.store.database import Database
from pbf.store.tables import Entry, storable

__all__ = ["AuditLog", "Entry"]

FIELDS = (
    *("at", "actor", "actor_name", "what", "details"),
    *("connector_id", "name", "outcome", "group_id"),
)
BATCH = 500

# The same triggers as in the first migration, which does not change with this module.
for _event, _condition in (
    ("UPDATE", ""),
    ("DELETE", ""),
    # SQLite replaces a row without firing the trigger for deletions.
    ("INSERT", "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "),
):
    event.listen(
        Entry.__table__,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER audit_only_grows_{_event} BEFORE {_event} ON audit {_condition}"
            "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
        ).execute_if(dialect="sqlite"),
    )


class AuditLog:
    """The audit log of all groups."""

    def __init__(self, database: Database) -> None:
        """Store entries in a database."""
        self._database = database

    def add(
        self,
        actor: str,
        what: str,
        connector_id: str,
        name: str,
        outcome: str,
        *,
        group_id: str,
        details: str = "",
        actor_name: str = "",
    ) -> None:
        """Add an entry with the current time."""
        entry = Entry(
            at=utc_now().isoformat(timespec="milliseconds"),
            actor=storable(Entry.actor, actor),
            actor_name=storable(Entry.actor_name, actor_name),
            what=storable(Entry.what, what),
            details=storable(Entry.details, details),
            connector_id=storable(Entry.connector_id, connector_id),
            name=storable(Entry.name, name),
            outcome=storable(Entry.outcome, outcome),
            group_id=group_id,
        )
        with self._database.session() as session:
            session.add(entry)

    def newest(self, group_id: str, limit: int, *, connector_id: str = "") -> list[Entry]:
        """Return a group's entries, or those of one of its connectors, newest first."""
        query = select(Entry).where(Entry.group_id == group_id)
        if connector_id:
            stored = storable(Entry.connector_id, connector_id)
            query = query.where(Entry.connector_id == stored)
        return self._read(query.order_by(Entry.id.desc()).limit(limit))

    def entries(self, group_id: str | None = None) -> Iterator[Entry]:
        """Yield all entries, or those of one group, oldest first."""
        query = select(Entry).order_by(Entry.id).limit(BATCH)
        if group_id is not None:
            query = query.where(Entry.group_id == group_id)
        batch = self._read(query)
        while batch:
            yield from batch
            batch = self._read(query.where(Entry.id > batch[-1].id))

    def csv(self, group_id: str | None = None) -> Iterator[str]:
        """Yield all entries, or those of one group, as lines of CSV, safe for a spreadsheet."""
        yield line(FIELDS)
        for entry in self.entries(group_id):
            yield line(getattr(entry, field) for field in FIELDS)

    def _read(self, query: Select[Entry]) -> list[Entry]:
        with self._database.reading() as session:
            return list(session.scalars(query))
