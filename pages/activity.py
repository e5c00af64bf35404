"""Activity: who did what to which connector, and with what outcome."""

from itertools import islice

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import ApiError, StoreFailed
from pbf.fivetran.models import Connector
from pbf.paths import LONGEST_SEARCH
from pbf.rules.access.permissions import Permission
from pbf.ui import audit_table, data, html, page, session
from pbf.ui.lists.search import search_field

SHOWN = 200
SEARCHED = 5000
SEARCH = "activity-search"


def connectors_by_id() -> dict[str, Connector]:
    """Return the connectors by id; none if Fivetran does not answer."""
    try:
        return {connector.id: connector for connector in data.connectors().items}
    except ApiError:
        return {}


@st.fragment(run_every=page.REFRESH)
@session.acting
def show_entries(portal: Portal) -> None:
    """Show the newest entries that match the search."""
    typed = (st.session_state.get(SEARCH) or "")[:LONGEST_SEARCH]
    try:
        entries = portal.audit_log.newest(SEARCHED if typed else SHOWN)
    except StoreFailed as error:
        page.stop_with(error)
    if not entries:
        st.info(
            "No activity yet. Actions on connectors, such as creating or pausing one, are listed "
            "here with their outcome."
        )
        return
    search_field("A connector, an action, an outcome", key=SEARCH)
    rows = audit_table.rows(entries, connectors_by_id())
    matching = list(islice(audit_table.matching(rows, typed), SHOWN))
    if matching:
        st.html(html.render("activity", "full", rows=matching))
    else:
        page.quiet(f"No matches among the newest {len(entries):,} entries.")
    if len(matching) == SHOWN:
        page.quiet(f"These are the newest {SHOWN} entries. The CSV file has all of them.")


portal = page.start_page("Activity")
title, download = st.columns([3, 1], vertical_alignment="center")
title.title("Activity", anchor=False)
if session.may(Permission.EXPORT_AUDIT):
    download.html(audit_table.DOWNLOAD)
show_entries(portal)
