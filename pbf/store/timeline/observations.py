"""The periods in which sources were listened to."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, select

from pbf.store.database import Database
from pbf.store.timeline.tables import WHOLE_GROUP, Observation
from pbf.store.timeline.upserts import lock_group

# The group and the source of what concerns the whole account.
ACCOUNT = ""
REFUSED = "refused"
# What the sources of lists begin with.
LIST = "list "


class Observations:
    """The observed periods of all groups; adjoining ones of a source are one row."""

    def __init__(self, database: Database) -> None:
        """Keep the periods in a database."""
        self._database = database

    def add(
        self,
        group_id: str,
        sources: Collection[str],
        since: float,
        until: float,
        *,
        connector_id: str = WHOLE_GROUP,
    ) -> None:
        """Add a period of some sources, joined with those that it touches."""
        if not sources:
            return
        touching = select(Observation).where(
            Observation.group_id == group_id,
            Observation.connector_id == connector_id,
            Observation.source.in_(sources),
            Observation.until >= since,
            Observation.since <= until,
        )
        with self._database.session() as session:
            lock_group(session, group_id)
            rows = list(session.scalars(touching))
            for source in sources:
                same = [row for row in rows if row.source == source]
                first = min([since, *(row.since for row in same)])
                last = max([until, *(row.until for row in same)])
                if same:
                    same[0].since, same[0].until = first, last
                    for row in same[1:]:
                        session.delete(row)
                else:
                    session.add(
                        Observation(
                            group_id=group_id,
                            connector_id=connector_id,
                            source=source,
                            since=first,
                            until=last,
                        )
                    )

    def between(
        self, group_id: str, connector_ids: Collection[str], since: float, until: float
    ) -> list[Row[Any]]:
        """Return the periods of some connectors, or of the group, that overlap a period.

        Each has a source, `since` and `until`.
        """
        query = select(Observation.source, Observation.since, Observation.until).where(
            Observation.group_id == group_id,
            Observation.connector_id.in_(connector_ids),
            Observation.until > since,
            Observation.since < until,
        )
        with self._database.reading() as session:
            return list(session.execute(query))

    def of_source(self, group_id: str, source: str, since: float) -> Sequence[Observation]:
        """Return all periods of one source in a group that reach beyond a time."""
        query = select(Observation).where(
            Observation.group_id == group_id,
            Observation.source == source,
            Observation.until > since,
        )
        with self._database.reading() as session:
            return list(session.scalars(query))

    def last_until(self, group_id: str, prefix: str) -> float | None:
        """Return the latest end of a group's periods of sources that begin so."""
        query = select(func.max(Observation.until)).where(
            Observation.group_id == group_id,
            Observation.connector_id == WHOLE_GROUP,
            Observation.source.startswith(prefix),
        )
        with self._database.reading() as session:
            return session.scalar(query)

    def delete_before(self, time: float) -> None:
        """Delete the periods that ended before a time."""
        with self._database.session() as session:
            session.execute(delete(Observation).where(Observation.until < time))
