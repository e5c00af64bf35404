"""Marks of what the pages show from the database: they differ once it has changed."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from pbf.store.tables import ColleagueLink, Deletion, Entry, PlannedChange
from pbf.store.watch.tables import Incident, IncidentEvent, Promise

Marks = tuple[float | None, ...]


def read_marks(session: Session, now: float, group_id: str | None = None) -> Marks:
    """Return the marks of one group, or those of all groups together.

    An incident that waits counts from the time on at which it opens; `now` is in seconds since
    1970. The marks of all groups are cheap: the large tables are read from the end of an index.
    """
    queries = [query.scalar_subquery() for query in _queries(now, group_id)]
    return tuple(session.execute(select(*queries)).one())


def _queries(now: float, group_id: str | None) -> Iterator[Select[Any]]:
    own = {} if group_id is None else {"group_id": group_id}
    yield select(func.max(Entry.id)).filter_by(**own)
    events = select(func.max(IncidentEvent.id))
    if group_id is not None:
        incidents = select(Incident.id).where(Incident.group_id == group_id)
        events = events.where(IncidentEvent.incident_id.in_(incidents))
    yield events
    is_open = (Incident.open_key.is_not(None), Incident.opened_at <= now)
    yield select(func.count()).select_from(Incident).filter_by(**own).where(*is_open)
    for table, columns in (
        (ColleagueLink, ("created_at", "opened_at", "finished_at", "revoked_at")),
        (PlannedChange, ("created_at", "lease_until", "done_at", "cancelled_at")),
        (Deletion, ("due_at",)),
        (Promise, ("created_at",)),
    ):
        yield select(func.count()).select_from(table).filter_by(**own)
        for column in columns:
            yield select(func.max(getattr(table, column))).filter_by(**own)
