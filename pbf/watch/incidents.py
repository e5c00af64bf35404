"""Incidents: what is wrong and was wrong, each with its thread of events."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import cast

from pbf.clock import current_time
from pbf.errors import UnknownItem
from pbf.rules.time_zones import moment
from pbf.rules.watch.kinds import IncidentEntry, IncidentEvent, Kind
from pbf.store.store import Store
from pbf.store.watch.incidents import CLOSED
from pbf.store.watch.tables import Incident
from pbf.store.watch.tables import IncidentEvent as EventRow

# How long closed incidents are listed.
LISTED = timedelta(days=90)
MOST_LISTED = 500


class Incidents:
    """The incidents of all tenants, by group."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = current_time) -> None:
        """Keep incidents in a store."""
        self._rows = store.incidents
        self._clock = clock

    def open(self, group_id: str, *, explained: bool = True) -> list[IncidentEntry]:
        """Return a group's open incidents, the newest first, with their threads.

        Without `explained`, those that an incident of many connectors explains are left out.
        """
        rows = self._rows.open_of(group_id, self._clock())
        return self.entries(row for row in rows if explained or not row.explained_by)

    def listed(
        self, group_id: str, connector_id: str = "", since: datetime | None = None
    ) -> list[IncidentEntry]:
        """Return the incidents that were open since a time, by default of 90 days, newest first."""
        now = self._clock()
        first = since.timestamp() if since else now - LISTED.total_seconds()
        return self.entries(
            self._rows.listed(
                group_id, now, connector_id=connector_id, since=first, limit=MOST_LISTED
            )
        )

    def incident(self, group_id: str, incident_id: str) -> IncidentEntry:
        """Return one incident of a group, or raise UnknownItem."""
        row = self._rows.find(group_id, incident_id, self._clock())
        if row is None:
            raise UnknownItem("There is no such incident. Choose one from the list.")
        return self.entries([row])[0]

    def entries(self, rows: Iterable[Incident]) -> list[IncidentEntry]:
        """Return incidents with their threads."""
        rows = list(rows)
        threads = self._rows.events([row.id for row in rows]) if rows else {}
        return [_entry(row, threads.get(row.id, ())) for row in rows]


def new_incident(
    group_id: str,
    kind: Kind,
    title: str,
    *,
    target: str,
    opened_at: float,
    explained_by: str = "",
    connector_id: str = "",
    connector_name: str = "",
    schema_name: str = "",
) -> Incident:
    """Return a row for an incident that opens; there is one at a time for each `target`.

    Nobody is notified of what another incident explains.
    """
    return Incident(
        id=secrets.token_hex(8),
        group_id=group_id,
        connector_id=connector_id,
        connector_name=connector_name,
        schema_name=schema_name,
        kind=kind,
        title=title,
        opened_at=opened_at,
        open_key=f"{group_id}\n{target}",
        explained_by=explained_by,
        notified_of=CLOSED if explained_by else "",
    )


def new_event(incident_id: str, at: float, kind: str, text: str = "", actor: str = "") -> EventRow:
    """Return a row for an event of an incident's thread."""
    return EventRow(incident_id=incident_id, at=at, kind=kind, text=text, actor=actor)


def _entry(row: Incident, events: Sequence[EventRow]) -> IncidentEntry:
    return IncidentEntry(
        id=row.id,
        group_id=row.group_id,
        connector_id=row.connector_id,
        connector_name=row.connector_name,
        kind=cast(Kind, row.kind),
        title=row.title,
        opened_at=moment(row.opened_at),
        closed_at=moment(row.closed_at),
        explained_by=row.explained_by,
        schema_name=row.schema_name,
        events=tuple(
            IncidentEvent(moment(event.at), event.kind, event.text, event.actor)
            for event in sorted(events, key=lambda event: event.at)
        ),
    )
