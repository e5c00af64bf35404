"""Incidents: what is wrong with connectors now, and what was."""

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page, session
from pbf.ui.refresh.fragments import following
from pbf.ui.watch import incidents


@following("incidents")
def show(portal: Portal) -> None:
    """Show the incidents as they are now."""
    try:
        incidents.show_all(portal)
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Incidents")
st.title("Incidents", anchor=False)
if session.may(Permission.MANAGE_NOTIFICATIONS):
    st.page_link(
        page.page("promises"), label="Promises and status page", icon=":material/edit_calendar:"
    )
show(portal)
