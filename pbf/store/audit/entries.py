"""The entries of the audit log, as they are read."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from sqlalchemy import Integer, Select, bindparam, select, union_all

from pbf.spreadsheet import line
from pbf.store.database import Database
from pbf.store.tables import SHORT_TEXT, Entry
from pbf.visible_text import storable

__all__ = ["AuditEntries", "Entry"]

FIELDS = (
    *("at", "actor", "actor_name", "what", "details"),
    *("connector_id", "name", "outcome", "group_id", "stored_at"),
)
BATCH = 500
# SQLite takes 500 parts of a union at most.
CONNECTORS_AT_ONCE = 100


class AuditEntries:
    """The entries of all groups."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def newest(self, group_id: str, limit: int, *, connector_id: str = "") -> list[Entry]:
        """Return a group's entries, or those of one of its connectors, newest first."""
        if connector_id:
            newest = self.newest_by_connector(group_id, [connector_id], limit)
            return newest.get(connector_id, [])
        query = select(Entry).where(Entry.group_id == group_id)
        return self._read(query.order_by(Entry.id.desc()).limit(limit))

    def newest_by_connector(
        self, group_id: str, connector_ids: Collection[str], limit: int
    ) -> dict[str, list[Entry]]:
        """Return up to `limit` entries of each connector that has any, newest first."""
        ids = {storable(name, SHORT_TEXT.length): name for name in connector_ids}
        stored = list(ids)
        newest: defaultdict[str, list[Entry]] = defaultdict(list)
        for start in range(0, len(stored), CONNECTORS_AT_ONCE):
            batch = stored[start : start + CONNECTORS_AT_ONCE]
            names = {f"connector_{number}": name for number, name in enumerate(batch)}
            values = {"group": group_id, "most": limit, **names}
            for entry in self._read(_newest_entries(len(batch)), values):
                newest[ids[entry.connector_id]].append(entry)
        return dict(newest)

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

    def _read(
        self, query: Select[Entry], values: Mapping[str, object] | None = None
    ) -> list[Entry]:
        with self._database.reading() as session:
            return list(session.scalars(query, values))


@cache
def _newest_entries(connectors: int) -> Select[Entry]:
    """Return the query for the newest entries of so many connectors.

    Each part of the union reads no more of the index than its limit. Building it takes longer than
    reading.
    """
    parts = []
    for number in range(connectors):
        entries = select(Entry.id).where(
            Entry.group_id == bindparam("group"),
            Entry.connector_id == bindparam(f"connector_{number}"),
        )
        newest = entries.order_by(Entry.id.desc()).limit(bindparam("most", type_=Integer))
        parts.append(select(newest.subquery().c.id))
    return select(Entry).where(Entry.id.in_(union_all(*parts))).order_by(Entry.id.desc())
