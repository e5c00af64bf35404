"""What was seen to happen to the tenant's connectors lately, as rows of the activity."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import streamlit as st

from pbf.clock import utc_now
from pbf.errors import StoreFailed, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.rules.health import Tone
from pbf.rules.timeline.system_events import Kind, SeenEvent, of_syncs
from pbf.ui import audit_table, session
from pbf.ui.timeline.source import timeline

SYSTEM = "System"
SPAN = timedelta(days=30)
# Those that failed last are looked at, each with its newest syncs.
MOST_CONNECTORS = 50
MOST_SYNCS = 300
# A pause that is seen so soon after one from here is the same.
SAME_PAUSE = timedelta(minutes=15)
FIRST_SEEN = "First seen then; it may have been so for longer."
LIFETIME = 300
MOST_TENANTS = 200
WHAT: Mapping[Kind, tuple[str, tuple[str, Tone]]] = {
    "failed": ("Sync failed", ("Failed", "bad")),
    "recovered": ("Sync succeeded again", ("Recovered", "good")),
    "broken": ("Connector broke", ("Needs you", "bad")),
    "paused": ("Paused in Fivetran", ("Paused", "quiet")),
}


@dataclass(frozen=True)
class SeenEntry:
    """What a row of the activity shows of an event."""

    at: str
    connector_id: str
    name: str
    details: str


def rows(
    pauses: Sequence[tuple[str, datetime]], connectors: Mapping[str, Connector]
) -> list[audit_table.Row]:
    """Return what was seen of connectors, as rows, without the pauses that were made from here."""
    return [
        _row(event, connectors[event.connector_id])
        for event in seen_events(connectors)
        if not (event.kind == "paused" and _is_ours(event, pauses))
    ]


def seen_events(connectors: Mapping[str, Connector]) -> tuple[SeenEvent, ...]:
    """Return what was seen of connectors lately; nothing if the database fails."""
    minute = utc_now().replace(second=0, microsecond=0)
    revision = session.portal().connectors().revision if connectors else ""
    try:
        return _seen_events(session.portal().tenant.id, revision, minute, connectors)
    except StoreFailed:  # the page works without them; the next run tries again
        return ()


@st.cache_resource(ttl=LIFETIME, max_entries=MOST_TENANTS, show_spinner=False)
def _seen_events(
    tenant: str, revision: str, until: datetime, _connectors: Mapping[str, Connector]
) -> tuple[SeenEvent, ...]:
    # The revision is a digest of the connectors, so they need not be part of the key.
    since, source = until - SPAN, timeline()
    failed = [
        (connector.failed_at, connector.id)
        for connector in _connectors.values()
        if connector.failed_at and connector.failed_at >= since
    ]
    events: list[SeenEvent] = []
    for _, connector_id in sorted(failed, reverse=True)[:MOST_CONNECTORS]:
        try:
            events += of_syncs(source.syncs(connector_id, since, until, limit=MOST_SYNCS))
        except UnknownConnector:  # deleted meanwhile
            continue
    return (*events, *_of_lists(since, _connectors))


def _of_lists(since: datetime, connectors: Mapping[str, Connector]) -> Iterator[SeenEvent]:
    """Yield which connectors are broken or paused now, with the time when that was first seen."""
    for seen in timeline().last_seen():
        connector = connectors.get(seen.connector_id)
        if connector is None or connector.schema_name != seen.schema_name:
            continue
        moments: tuple[tuple[Kind, float | None], ...] = (
            ("broken", seen.broken_since),
            ("paused", seen.paused_since),
        )
        for kind, moment in moments:
            if moment and moment >= since.timestamp():
                yield SeenEvent(datetime.fromtimestamp(moment, UTC), connector.id, kind, FIRST_SEEN)


def _is_ours(event: SeenEvent, pauses: Iterable[tuple[str, datetime]]) -> bool:
    return any(
        connector_id == event.connector_id and abs(event.at - moment) <= SAME_PAUSE
        for connector_id, moment in pauses
    )


def _row(event: SeenEvent, connector: Connector) -> audit_table.Row:
    what, outcome = WHAT[event.kind]
    at = event.at.isoformat(timespec="milliseconds")
    entry = SeenEntry(at, connector.id, connector.schema_name, event.details)
    return audit_table.Row(entry, SYSTEM, what, outcome, connector)
