"""The script that Streamlit runs: the menu over pages/, nothing else.

It is not beside pages/: Streamlit would then use that folder by itself, and skip this script at the
first visit to a deep link. Every page checks by itself what a visitor may do there.
"""

import streamlit as st

from pbf.metrics.instruments import PAGE_SECONDS
from pbf.metrics.tracing.spans import span
from pbf.paths import DASHBOARD
from pbf.rules.access.permissions import Permission
from pbf.server.streamlit_patches import forget_fragments_on_stop
from pbf.ui import session
from pbf.ui.account.menu_entries import Entry, Place, shown, visitor

PAGES = DASHBOARD / "pages"
ENTRIES = (
    Entry("overview", "Overview"),
    Entry("services", "Services"),
    Entry("connectors", "Connectors"),
    Entry("incidents", "Incidents"),
    Entry("activity", "Activity"),
    Entry("notifications", "Notifications"),
    Entry("people", "People", permission=Permission.MANAGE_PEOPLE),
    Entry("policy", "Policy", permission=Permission.MANAGE_PEOPLE),
    Entry("tenants", "Tenants", Place.OPERATORS),
    Entry("source_requests", "Requests", Place.OPERATORS),
    Entry("jobs", "Jobs", Place.OPERATORS),
    Entry("connect", "Connect", Place.UNLISTED),
    Entry("connector", "Connector", Place.UNLISTED),
    Entry("tables", "Tables", Place.UNLISTED),
    Entry("promises", "Promises", Place.UNLISTED),
    Entry("stories", "Stories", Place.UNLISTED),
)

who = visitor()
home = next((entry for entry in ENTRIES if shown(entry, who)), ENTRIES[0])
pages = {
    entry: st.Page(
        PAGES / f"{entry.name}.py",
        title=entry.title,
        url_path=entry.name,
        default=entry is ENTRIES[0],
        visibility="visible" if shown(entry, who) else "hidden",
    )
    for entry in ENTRIES
}
page = st.navigation(list(pages.values()), position="top")
if page is pages[ENTRIES[0]] and home is not ENTRIES[0]:
    st.switch_page(pages[home])  # whose own address stays valid, unlike that of a default page
entry = next((entry for entry in ENTRIES if pages[entry] is page), home)
if who and who.tenant_id and session.shows_api(who):
    from pbf.ui.show_api import opening

    opening.show_opened(entry.name)
    opening.show_calls_button()
with (
    PAGE_SECONDS.labels(entry.name).time(),
    span(f"page {entry.name}"),
    forget_fragments_on_stop(),
):
    page.run()
