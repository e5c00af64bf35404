"""Activity: what people did to connectors and what was seen to happen to them, newest first."""

from itertools import islice

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import ApiError, StoreFailed
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_SEARCH
from pbf.rules.access.permissions import Permission
from pbf.ui import audit_table, data, html, page, session
from pbf.ui.lists.search import search_field
from pbf.ui.refresh.fragments import following
from pbf.ui.timeline import events

SHOWN = 200
SEARCHED = 5000
SEARCH = "activity-search"
WHOSE = "activity-whose"
ALL, PEOPLE, SYSTEM = "All", "People", "System"


def connectors_by_id() -> dict[str, Connector]:
    """Return the connectors by id; none if Fivetran does not answer."""
    try:
        return {connector.id: connector for connector in data.connectors().items}
    except ApiError:
        return {}


@following("connectors")
def show_entries(portal: Portal) -> None:
    """Show the newest entries that match the search."""
    typed = (st.session_state.get(SEARCH) or "")[:LONGEST_SEARCH]
    shown = st.session_state.get(WHOSE) or ALL
    try:
        entries = portal.audit_log.newest(SEARCHED if typed or shown != ALL else SHOWN)
    except StoreFailed as error:
        page.stop_with(error)
    connectors = connectors_by_id()
    chosen = audit_table.caused_by(entries, people=shown != SYSTEM, system=shown != PEOPLE)
    rows = [*audit_table.rows(chosen, connectors)]
    if shown != PEOPLE:
        rows += events.rows(audit_table.pauses(entries), connectors)
        rows.sort(key=lambda row: row.entry.at, reverse=True)
    if not rows and shown == ALL:
        st.info(
            "No activity yet. Actions on connectors, such as creating or pausing one, are listed "
            "here with their outcome, and so is what happens to connectors by itself."
        )
        return
    st.segmented_control(
        "Whose",
        (ALL, PEOPLE, SYSTEM),
        default=ALL,
        required=True,
        key=WHOSE,
        label_visibility="collapsed",
    )
    search_field("A connector, an action, an outcome", key=SEARCH)
    matching = list(islice(audit_table.matching(rows, typed), SHOWN))
    if matching:
        st.html(html.render("activity", "full", rows=matching))
    else:
        page.quiet(f"No matches among the newest {len(rows):,} entries.")
    if len(matching) == SHOWN:
        page.quiet(f"These are the newest {SHOWN} entries. The CSV file has all that people did.")


portal = page.start_page("Activity")
title, download = st.columns([3, 1], vertical_alignment="center")
title.title("Activity", anchor=False)
if session.may(Permission.EXPORT_AUDIT):
    download.html(audit_table.DOWNLOAD)
show_entries(portal)
