"""Promises: how fresh data is to be, how that was kept, and links to the status page."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page, session
from pbf.ui.watch import promises

portal = page.start_page("Promises")
page.link_back("incidents", "Incidents")
st.title("Promises", anchor=False)
if not session.may(Permission.MANAGE_NOTIFICATIONS):
    st.info(page.plain(session.why_not(Permission.MANAGE_NOTIFICATIONS)), icon=":material/lock:")
else:
    with st.container(width=900):
        try:
            promises.show_made(portal)
            promises.show_report(portal)
            st.header("Status page", anchor=False)
            promises.show_status_links(portal)
        except PbfError as error:
            page.stop_with(error)
