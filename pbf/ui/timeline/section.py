"""The syncs of one connector: how it went at a glance, in a sentence, and one by one."""

from datetime import tzinfo
from urllib.parse import quote, urlencode

import streamlit as st

from pbf.clock import utc_now
from pbf.errors import StoreFailed, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.paths import PREFIX, from_page
from pbf.rules.timeline.marks import SPANS, Span
from pbf.rules.timeline.paging import Cursor
from pbf.rules.timeline.summary import sentences
from pbf.ui import html, page, session
from pbf.ui.show_api.marks import mark
from pbf.ui.timeline import wording
from pbf.ui.timeline.source import SyncHistory, sync_history, sync_page, timeline

LABELS: dict[Span, str] = {"day": "Day", "week": "Week", "90 days": "90 days"}
SIZE = 25
UNREAD = "The sync history cannot be read right now. We will try again in a moment."


def show(connector: Connector) -> bool:
    """Show a connector's syncs, if known; return whether a history or webhook reported them."""
    try:
        history = sync_history(connector, "90 days")
        if not history.is_known:
            return False
    except UnknownConnector:  # deleted meanwhile
        return False
    except StoreFailed:
        st.header("Syncs", anchor=False)
        page.quiet(UNREAD)
        return True
    _show_known(connector)
    return history.is_read


def _show_known(connector: Connector) -> None:
    st.space("small")
    top = st.container(horizontal=True, horizontal_alignment="distribute")
    top.header("Syncs", anchor=False, width="content")
    shown: Span = (
        top.segmented_control(
            "Time shown",
            list(LABELS),
            default="90 days",
            required=True,
            format_func=lambda span: LABELS[span],
            key=f"span-{connector.id}",
            label_visibility="collapsed",
        )
        or "90 days"
    )
    st.html(_drawn(sync_history(connector, shown), shown, session.time_zone()))
    if sampling := timeline().sampling:
        page.quiet(sampling)
    mark("history", connector=connector)
    table = st.expander("Show as a table", key=f"table-{connector.id}", on_change="rerun")
    if table.open:
        with table:
            _show_table(connector, shown)


def _drawn(history: SyncHistory, shown: Span, zone: tzinfo) -> str:
    row, summary = history.row, history.summary
    return html.render(
        "timeline",
        "row",
        sentences=sentences(summary),
        last_success=summary.last_success,
        last_local=wording.local(summary.last_success, zone) if summary.last_success else "",
        unobserved=wording.unobserved(summary, shown),
        marks=[(mark, wording.of_mark(mark, shown, zone)) for mark in (*row.gaps, *row.marks)],
        alternative=wording.text_alternative(row, summary, shown),
        ticks=wording.ticks(row, shown, zone),
        kinds=wording.KINDS,
    )


def _show_table(connector: Connector, shown: Span) -> None:
    """Show a page of the syncs, and lead to the pages beside it."""
    key = f"cursors-{connector.id}-{shown}"
    cursors: list[Cursor | None] = st.session_state.setdefault(key, [])
    zone = session.time_zone()
    entries, following = sync_page(connector.id, shown, cursors[-1] if cursors else None, SIZE)
    st.html(html.render("timeline", "table", lines=wording.lines(entries, zone), zone=str(zone)))
    with st.container(horizontal=True):
        st.button("Newer", disabled=not cursors, key=f"newer-{key}", on_click=_newer, args=(key,))
        st.button(
            "Older",
            disabled=following is None,
            key=f"older-{key}",
            on_click=cursors.append,
            args=(following,),
        )
        link = html.render("timeline", "download", url=csv_url(connector.id, shown))
        st.html(link, width="content")


def _newer(key: str) -> None:
    if cursors := st.session_state.get(key):
        cursors.pop()


def csv_url(connector_id: str, shown: Span) -> str:
    """Return the address of the syncs of a span as CSV."""
    since = utc_now().replace(second=0, microsecond=0) - SPANS[shown]
    query = urlencode({"from": since.isoformat()})
    return from_page(f"{PREFIX}/connectors/{quote(connector_id, safe='')}/syncs.csv?{query}")
