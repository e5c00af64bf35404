"""The script that Streamlit runs: the menu over pages/, nothing else.

It is not beside pages/: Streamlit would then use that folder by itself, and skip this script at the
first visit to a deep link.
"""

from pathlib import Path

import streamlit as st

from pbf.server.streamlit_patches import forget_fragments_on_stop
from pbf.ui.people.menu import people_are_listed

PAGES = Path(__file__).parent.parent / "pages"

page = st.navigation(
    [
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
        st.Page(
            PAGES / "connector.py", title="Connector", url_path="connector", visibility="hidden"
        ),
        st.Page(PAGES / "tables.py", title="Tables", url_path="tables", visibility="hidden"),
    ],
    position="top",
)
with forget_fragments_on_stop():
    page.run()
