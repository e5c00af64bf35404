"""The tenant's sync history for the pages, derived once a minute and state of a connector."""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from pbf.clock import utc_now
from pbf.fivetran.models import Connector
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.marks import SPANS, Row, Span, of_days, of_syncs
from pbf.rules.timeline.paging import Cursor, page
from pbf.rules.timeline.summary import Summary, count_days, summarize
from pbf.runtime import runtime
from pbf.timeline.timeline import Timeline
from pbf.ui import session

LIFETIME = 300
MOST = 500


@dataclass(frozen=True)
class SyncHistory:
    """A connector's syncs in a span of time.

    `is_known` is whether there is any in 90 days, `is_read` whether a history or a webhook reported
    those in the span.
    """

    row: Row
    summary: Summary
    is_known: bool
    is_read: bool


def timeline() -> Timeline:
    """Return the timeline of the visitor's tenant."""
    return runtime().timelines.of(session.portal().tenant.id)


def sync_history(connector: Connector, span: Span) -> SyncHistory:
    """Return a connector's syncs in the span before now.

    Raises StoreFailed, or UnknownConnector.
    """
    status = connector.status
    state = f"{status.sync_state} {connector.succeeded_at} {connector.failed_at}"
    until = utc_now().replace(second=0, microsecond=0)
    return _sync_history(session.portal().tenant.id, connector.id, span, state, until)


def sync_page(
    connector_id: str, span: Span, cursor: Cursor | None, size: int
) -> tuple[list[SyncEntry], Cursor | None]:
    """Return a page of a connector's syncs, newest first, and where the next page begins."""
    now, source = utc_now(), timeline()
    since = now - SPANS[span]
    return page(
        lambda until, most: source.syncs(connector_id, since, until, limit=most),
        cursor or Cursor(now),
        size,
    )


# Resources, since they are never changed.
@st.cache_resource(ttl=LIFETIME, max_entries=MOST, show_spinner=False)
def _sync_history(
    tenant: str, connector_id: str, span: Span, state: str, until: datetime
) -> SyncHistory:
    source, first = timeline(), until - SPANS["90 days"]
    since = until - SPANS[span]
    days = source.days(connector_id, first.date(), until.date())
    is_known = any(day.succeeded or day.failed or day.other for day in days)
    # Days are drawn whole, the first one too.
    observed = source.observed(connector_id, since.replace(hour=0, minute=0), until)
    if span == "90 days":
        syncs = source.failures(connector_id, since, until) if is_known else []
        row, counted = of_days(days, observed, since, until), days
    else:
        syncs = source.outcomes(connector_id, since, until) if is_known else []
        row, counted = of_syncs(syncs, observed, span, until), count_days(syncs)
    summary = summarize(syncs, counted, observed, since, until)
    is_read = is_known and source.is_reported(connector_id, since, until)
    return SyncHistory(row, summary, is_known, is_read)
