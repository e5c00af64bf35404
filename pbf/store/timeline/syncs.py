"""The syncs of connectors, and their numbers by day and hour."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, or_, select
from sqlalchemy.orm import Session

from pbf.store.database import Database
from pbf.store.timeline.tables import Sync, SyncDay, SyncHour
from pbf.store.timeline.upserts import Values, add, lock_group, put

HOUR, DAY = 3600, 86400
# The outcomes of which outages are made.
SUCCEEDED, FAILURES = "succeeded", ("failed", "needs_action")
# How many syncs are deleted in one transaction, so that no writer waits long.
MOST_DELETED = 5000
SHOWN = (
    Sync.connector_id,
    Sync.sync_id,
    Sync.started_at,
    Sync.ended_at,
    Sync.outcome,
    Sync.reason,
    Sync.volumes,
    Sync.unknown,
    Sync.sources,
)
BRIEF = (Sync.started_at, Sync.ended_at, Sync.outcome)


class SyncEdit:
    """A transaction that changes the syncs of one group, which nobody else changes meanwhile."""

    def __init__(self, session: Session, group_id: str) -> None:
        """Change a group through a session."""
        self._session = session
        self._group_id = group_id

    def known(self, connector_ids: Collection[str]) -> set[str]:
        """Return which of some connectors have syncs, or had some that were thinned."""
        mine = SyncDay.group_id == self._group_id, SyncDay.connector_id.in_(connector_ids)
        return set(self._session.scalars(select(SyncDay.connector_id).where(*mine).distinct()))

    def around(
        self, connector_id: str, keys: Collection[str], since: float, until: float, margin: float
    ) -> tuple[list[Sync], float, float]:
        """Return the rows of a connector that a change in a period may affect.

        These are the rows from the last start before the period to the first one after it, which
        are returned too, with a margin in seconds, and those with some keys.
        """
        mine = [Sync.group_id == self._group_id, Sync.connector_id == connector_id]
        named = list(self._session.scalars(select(Sync).where(*mine, Sync.key.in_(keys))))
        since = min([since, *(row.at for row in named)])
        until = max([until, *(row.at for row in named)])
        started = select(Sync.at).where(*mine, Sync.started_at.is_not(None)).limit(1)
        before = started.where(Sync.at < since - margin).order_by(Sync.at.desc())
        after = started.where(Sync.at > until + margin).order_by(Sync.at)
        first = self._session.scalar(before)
        last = self._session.scalar(after)
        period = []
        if first is not None:
            period.append(Sync.at >= first - 2 * margin)
        if last is not None:
            period.append(Sync.at <= last + 2 * margin)
        rows = self._session.scalars(select(Sync).where(*mine, *period))
        first = -inf if first is None else first
        last = inf if last is None else last
        return list({row.key: row for row in (*rows, *named)}.values()), first, last

    def put(self, rows: Sequence[Values]) -> None:
        """Insert or replace rows; each has all columns but the group."""
        put(self._session, Sync, [{**row, "group_id": self._group_id} for row in rows])

    def count(self, days: Sequence[Values], hours: Sequence[Values]) -> None:
        """Add to the numbers of connectors by day, and to those of the group by hour."""
        for table, rows in ((SyncDay, days), (SyncHour, hours)):
            add(self._session, table, [{**row, "group_id": self._group_id} for row in rows])


class Syncs:
    """The syncs of all groups."""

    def __init__(self, database: Database) -> None:
        """Keep the syncs in a database."""
        self._database = database

    @contextmanager
    def editing(self, group_id: str) -> Iterator[SyncEdit]:
        """Yield a transaction that changes a group."""
        with self._database.session() as session:
            lock_group(session, group_id)
            yield SyncEdit(session, group_id)

    def between(
        self,
        group_id: str,
        connector_id: str,
        since: float,
        until: float,
        *,
        limit: int | None = None,
    ) -> list[Row[Any]]:
        """Return the syncs of a connector in a period, newest first, with the columns SHOWN."""
        query = (
            select(*SHOWN)
            .where(*_of(group_id, connector_id, since, until))
            .order_by(Sync.at.desc())
            .limit(limit)
        )
        with self._database.reading() as session:
            return list(session.execute(query))

    def outcomes(
        self, group_id: str, connector_id: str, since: float, until: float
    ) -> list[Row[Any]]:
        """Return when each sync of a connector in a period started and ended, and how.

        The oldest comes first.
        """
        query = select(*BRIEF).where(*_of(group_id, connector_id, since, until)).order_by(Sync.at)
        with self._database.reading() as session:
            return list(session.execute(query))

    def failures(
        self, group_id: str, connector_id: str, since: float, until: float
    ) -> list[Row[Any]]:
        """Return the same of the syncs that failed, of those that succeeded beside them, and of
        the newest one.
        """
        ended = (
            select(
                *BRIEF,
                Sync.at,
                func.lag(Sync.outcome).over(order_by=Sync.at).label("before"),
                func.lead(Sync.outcome).over(order_by=Sync.at).label("after"),
            )
            .where(*_of(group_id, connector_id, since, until))
            .where(Sync.outcome.in_((SUCCEEDED, *FAILURES)))
            .subquery()
        )
        columns = ended.columns
        around = (columns.outcome, columns.before, func.coalesce(columns.after, ""))
        query = (
            select(*(columns[column.key] for column in BRIEF))
            .where(or_(*(value != SUCCEEDED for value in around)))
            .order_by(columns.at)
        )
        with self._database.reading() as session:
            return list(session.execute(query))

    def is_reported(self, group_id: str, connector_id: str, since: float, until: float) -> bool:
        """Return whether a history or a webhook reported syncs of a connector in a period."""
        mine = _of(group_id, connector_id, since, until)
        query = select(Sync.at).where(*mine, Sync.sources != "list").limit(1)
        with self._database.reading() as session:
            return session.scalar(query) is not None

    def oldest_unfinished(self, group_id: str, connector_id: str, since: float) -> float | None:
        """Return when the oldest sync since a time started that is not known to be over."""
        query = select(func.min(Sync.at)).where(
            Sync.group_id == group_id,
            Sync.connector_id == connector_id,
            Sync.at >= since,
            Sync.outcome.in_(("queued", "running")),
        )
        with self._database.reading() as session:
            return session.scalar(query)

    def days(self, group_id: str, connector_id: str, since: int, until: int) -> list[Row[Any]]:
        """Return the numbers of a connector, or with WHOLE_GROUP of a group, by day."""
        query = (
            select(
                SyncDay.day,
                SyncDay.succeeded,
                SyncDay.failed,
                SyncDay.other,
                SyncDay.busy_seconds,
            )
            .where(SyncDay.group_id == group_id, SyncDay.connector_id == connector_id)
            .where(SyncDay.day >= since, SyncDay.day < until)
            .order_by(SyncDay.day)
        )
        with self._database.reading() as session:
            return list(session.execute(query))

    def hours(self, group_id: str, since: int, until: int) -> list[Row[Any]]:
        """Return the numbers of a group by hour."""
        query = (
            select(SyncHour.hour, SyncHour.succeeded, SyncHour.failed, SyncHour.other)
            .where(SyncHour.group_id == group_id)
            .where(SyncHour.hour >= since, SyncHour.hour < until)
            .order_by(SyncHour.hour)
        )
        with self._database.reading() as session:
            return list(session.execute(query))

    def thin(self, before: float) -> None:
        """Delete the syncs and hours before a time; their numbers by day stay."""
        while self._delete_some(before) == MOST_DELETED:
            pass
        with self._database.session() as session:
            session.execute(delete(SyncHour).where(SyncHour.hour < before // HOUR))

    def delete_days(self, before: float) -> None:
        """Delete the numbers of the days before a time."""
        with self._database.session() as session:
            session.execute(delete(SyncDay).where(SyncDay.day < before // DAY))

    def _delete_some(self, before: float) -> int:
        """Delete the oldest syncs before a time, and return how many."""
        keys = select(Sync.group_id, Sync.connector_id, Sync.key).where(Sync.at < before)
        with self._database.session() as session:
            rows = session.execute(keys.order_by(Sync.at).limit(MOST_DELETED)).all()
            for group_id, connector_id, key in rows:
                mine = Sync.group_id == group_id, Sync.connector_id == connector_id
                session.execute(delete(Sync).where(*mine, Sync.key == key))
        return len(rows)


def _of(
    group_id: str, connector_id: str, since: float, until: float
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the syncs of a connector in a period."""
    return (
        Sync.group_id == group_id,
        Sync.connector_id == connector_id,
        Sync.at >= since,
        Sync.at < until,
        Sync.part_of == "",
    )
