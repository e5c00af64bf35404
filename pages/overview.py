"""Overview: how many connectors need you, what to do next, and how all of them are."""

from collections.abc import Sequence

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.rules.health import ON_THE_CARD
from pbf.ui import data, overview, page
from pbf.ui.html import escape, when
from pbf.ui.view_models import Row

SHOWN = 5


def show_links() -> None:
    """Link to the services and to all connectors."""
    with st.container(horizontal=True):
        if st.button("Connect a source", type="primary", icon=":material/add:"):
            st.switch_page(page.page("services"))
        if st.button("See all connectors", icon=":material/cable:"):
            st.switch_page(page.page("connectors"))


def take_step(portal: Portal, row: Row, step: str) -> None:
    """Carry out the next step of a connector."""
    if step in ON_THE_CARD:
        page.hand_off(portal, row["id"], name=row["name"])
    if step not in ("sync", "resume"):  # the connector's page asks before such a step
        st.switch_page(page.page("connector"), query_params={"id": row["id"]})
    operations = portal.operations
    operation = operations.resume if step == "resume" else operations.sync
    page.PROBLEM.pop()
    if error := page.once(lambda: operation(row["id"])):
        page.PROBLEM.set((row["id"], f"{row['name']}: {page.with_reference(error)}"))
    st.rerun()


def show_next_steps(portal: Portal, urgent: Sequence[Row]) -> None:
    """List the connectors that do not run by themselves, each with its next step."""
    st.header("What to do next", anchor=False)
    if problem := page.PROBLEM.get():
        st.error(page.plain(problem[1]), icon=":material/error:")
    if not urgent:
        st.success("Nothing to do. Every connector runs by itself.", icon=":material/check:")
        return
    with st.container(border=True):
        for row in urgent[:SHOWN]:
            text, button = st.columns([3, 1], vertical_alignment="center")
            text.html(overview.line(row, escape(row["reason"])))
            step, key = row["next_action"], f"step-{row['id']}-{page.turn()}"
            if step and button.button(step["label"], key=key, width="stretch"):
                take_step(portal, row, step["id"])
    if len(urgent) > SHOWN:
        st.page_link(page.page("connectors"), label=f"{len(urgent) - SHOWN:,} more")


@st.fragment(run_every=page.REFRESH)
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
        show_links()
        left, right = st.columns([3, 2], gap="large")
        with left:
            show_next_steps(portal, summary.urgent)
        with right:
            st.header("Recent changes", anchor=False)
            with st.container(border=True):
                for row in summary.changed[:SHOWN]:
                    st.html(overview.line(row, when(row["changed"])))
        st.header("All connectors", anchor=False)
        overview.charts(data.charts(overview.theme()))
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Overview")
st.title(page.plain(portal.tenant.name), anchor=False)
show(portal)
