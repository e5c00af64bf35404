"""Routes of the sync history: the syncs of a connector in pages, and as CSV."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from pbf.api.connectors import CONNECTOR
from pbf.api.openapi.operations import READS_CONNECTOR, Operation
from pbf.api.request_context import current_portal, current_runtime
from pbf.api.responses import JSON, body_response, no_store
from pbf.api.timeline.requests import DEFAULT_LIMIT, MOST_LIMIT, SyncQuery
from pbf.api.timeline.schemas import ObservedPeriod, Sync, SyncPage
from pbf.clock import utc_now
from pbf.paths import PREFIX
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.paging import Cursor, page
from pbf.server.compression import Body
from pbf.spreadsheet import line
from pbf.timeline.timeline import Timeline

BATCH = 500
ERRORS = READS_CONNECTOR | {"invalid_request", "store_unavailable"}
PERIOD: Mapping[str, Mapping[str, Any]] = {
    "from": {
        "description": "ISO 8601; without a zone it is UTC. Seven days before `to` if left out.",
        "schema": {"type": "string"},
        "example": "2026-11-14T00:00:00Z",
    },
    "to": {
        "description": "ISO 8601, at most 90 days after `from`. Now if left out.",
        "schema": {"type": "string"},
        "example": "2026-11-21T00:00:00Z",
    },
}
PAGES: Mapping[str, Mapping[str, Any]] = {
    "limit": {
        "description": "How many syncs a page has.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_LIMIT,
            "default": DEFAULT_LIMIT,
        },
        "example": DEFAULT_LIMIT,
    },
    "cursor": {
        "description": "The next_cursor of the page before. Send the same `from` with it.",
        "schema": {"type": "string"},
        "example": "1795593600000000-1",
    },
}
FIELDS = ("started_at", "ended_at", "outcome", "reason", "volumes", "sources", "sync_id")
CSV_EXAMPLE = f"""\
{",".join(FIELDS)}
2026-11-21T06:00:00+00:00,2026-11-21T06:04:00+00:00,succeeded,,extract_rows 1200,history,a1b2c3
"""

routes = Blueprint("timeline", __name__, url_prefix=PREFIX)


@routes.get(f"{CONNECTOR}/syncs")
@Operation(response=SyncPage, query={**PERIOD, **PAGES}, errors=ERRORS, etag=True)
def list_syncs(connector_id: str) -> ResponseReturnValue:
    """List the syncs of a connector, newest first."""
    query = SyncQuery.of(request.args, utc_now())
    timeline = _timeline(connector_id)
    entries, following = page(
        lambda until, most: timeline.syncs(connector_id, query.since, until, limit=most),
        query.cursor,
        query.limit,
    )
    observed = timeline.observed(connector_id, query.since, query.until)
    content = SyncPage(
        items=tuple(Sync.model_validate(entry) for entry in entries),
        observed=tuple(ObservedPeriod.model_validate(period) for period in observed),
        next_cursor=str(following) if following else None,
    )
    return body_response(Body(content.model_dump_json().encode()), JSON)


@routes.get(f"{CONNECTOR}/syncs.csv")
@Operation(csv=CSV_EXAMPLE, query=PERIOD, errors=ERRORS)
def export_syncs(connector_id: str) -> ResponseReturnValue:
    """Export the syncs of a connector as CSV, newest first."""
    query = SyncQuery.of(request.args, utc_now())
    chunks = _csv(_timeline(connector_id), connector_id, query)
    # Read before the response starts, so that a failing database is an error, not an empty file.
    first = next(chunks)
    response = Response(chain([first], chunks), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="syncs.csv"'
    return no_store(response)


def _timeline(connector_id: str) -> Timeline:
    """Return the timeline of the caller's tenant, or raise UnknownConnector."""
    portal = current_portal()
    portal.connector(connector_id)
    return current_runtime().timelines.of(portal.tenant.id)


def _csv(timeline: Timeline, connector_id: str, query: SyncQuery) -> Iterator[str]:
    cursor: Cursor | None = query.cursor
    head = line(FIELDS)
    while cursor:
        entries, cursor = page(
            lambda until, most: timeline.syncs(connector_id, query.since, until, limit=most),
            cursor,
            BATCH,
        )
        yield head + "".join(line(_fields(entry)) for entry in entries)
        head = ""


def _fields(entry: SyncEntry) -> Iterator[str]:
    for moment in (entry.started_at, entry.ended_at):
        yield moment.isoformat() if moment else ""
    yield from (entry.outcome, entry.reason)
    yield " ".join(f"{name} {value:g}" for name, value in entry.volumes.items())
    yield from (" ".join(entry.sources), entry.sync_id)
