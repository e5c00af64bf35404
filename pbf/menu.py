"""The script that Streamlit runs: the menu over pages/, nothing else.

It is not beside pages/: Streamlit would then use that folder by itself, and skip this script at the
first visit to a deep link. Every page checks by itself what a visitor may do there.
"""

from pathlib import Path

import streamlit as st

from pbf.rules.access.permissions import Permission
from pbf.server.streamlit_patches import forget_fragments_on_stop
<<<<<<< HEAD
from pbf.ui.people.menu import people_are_listed
=======
from pbf.ui.account.menu_entries import Entry, Place, shown, visitor
>>>>>>> main

PAGES = Path(__file__).parent.parent / "pages"
ENTRIES = (
    Entry("overview", "Overview"),
    Entry("services", "Services"),
    Entry("connectors", "Connectors"),
    Entry("activity", "Activity"),
    Entry("policy", "Policy", permission=Permission.MANAGE_PEOPLE),
    Entry("tenants", "Tenants", Place.OPERATORS),
    Entry("source_requests", "Requests", Place.OPERATORS),
    Entry("connect", "Connect", Place.UNLISTED),
    Entry("connector", "Connector", Place.UNLISTED),
    Entry("tables", "Tables", Place.UNLISTED),
)

who = visitor()
home = next((entry for entry in ENTRIES if shown(entry, who)), ENTRIES[0])
page = st.navigation(
    [
<<<<<<< HEAD
        st.Page(PAGES / "overview.py", title="Overview", default=True),
        st.Page(PAGES / "services.py", title="Services", url_path="services"),
        st.Page(PAGES / "connectors.py", title="Connectors", url_path="connectors"),
        st.Page(PAGES / "activity.py", title="Activity", url_path="activity"),
        st.Page(
            PAGES / "people.py",
            title="People",
            url_path="people",
            visibility="visible" if people_are_listed() else "hidden",
        ),
        st.Page(PAGES / "connect.py", title="Connect", url_path="connect", visibility="hidden"),
=======
>>>>>>> main
        st.Page(
            PAGES / f"{entry.name}.py",
            title=entry.title,
            url_path=entry.name,
            default=entry is home,
            visibility="visible" if shown(entry, who) else "hidden",
        )
        for entry in ENTRIES
    ],
    position="top",
)
with forget_fragments_on_stop():
    page.run()
