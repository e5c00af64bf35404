"""Overview: how many connectors need you, what to do next, and how all of them are."""

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.ui import data, overview, page, session
from pbf.ui.refresh.fragments import following
from pbf.ui.show_api.marks import mark
from pbf.ui.watch import incidents

SHOWN = 5


def show_links() -> None:
    """Link to the services and to all connectors."""
    with st.container(horizontal=True):
        if session.may() and st.button("Connect a source", type="primary", icon=":material/add:"):
            st.switch_page(page.page("services"))
        if st.button("See all connectors", icon=":material/cable:"):
            st.switch_page(page.page("connectors"))


@following("connectors")
def show(portal: Portal) -> None:
    """Show the connectors as they are now."""
    try:
        summary = data.summary()
        page.mark_age(data.connectors())
        if not summary.total:
            st.info("Nothing is connected yet. Find your first source among the services.")
            show_links()
            return
        overview.tiles(summary)
        mark("connectors", "services", key="totals")
        show_links()
        with st.container():  # also without incidents; see page.mark_age
            has_incidents = incidents.under_way(portal)
        left, right = st.columns([3, 2], gap="large")
        with left:
            overview.show_next_steps(
                portal, summary.urgent, shown=SHOWN, has_incidents=has_incidents
            )
        with right:
            overview.show_oldest(data.connectors().items, shown=SHOWN)
            overview.show_changes(summary.changed[:SHOWN])
        st.header("All connectors", anchor=False)
        overview.charts(data.charts(overview.theme()))
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Overview")
st.title(page.plain(portal.policy().tenant_name or portal.tenant.name), anchor=False)
page.show_policy_problem()
show(portal)
