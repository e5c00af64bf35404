"""Connectors: the status of each, and what needs you."""

import streamlit as st

from pbf.clock import utc_now
from pbf.components.connector_table import connector_table, table_action
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.ui import data, page, session
from pbf.ui.connector import bulk_actions, setup_result, trash
from pbf.ui.refresh.fragments import following
from pbf.ui.show_api.marks import mark


@following("connectors")
def show(portal: Portal, returned: str) -> None:
    """Show the connectors as they are now."""
    try:
        if action := table_action():
            bulk_actions.act(portal, action)
        bulk_actions.results()
        trash.strip(portal)
        table = data.table(returned)
        page.mark_age(data.connectors())
        if not table.ids:
            word = "left" if portal.deleted().items else "yet"
            st.info(f"There are no connectors {word}. Connect a source to see it here.")
            return
        if returned:
            setup_result.show(portal, returned)
        mark("connectors", "connector", "sync", "pause", "connect_card", "delete")
        connector_table(
            table.rows,
            version=table.version,
            now=utc_now().isoformat(),
            detail="connector",
            acts=session.may(),
        )
        page.SHOWN_IDS.set(table.ids)
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Connectors")
setup_result.remember_return()
setup_result.show_note()
title, button = st.columns([3, 1], vertical_alignment="center")
title.title("Connectors", anchor=False)
if session.may() and button.button(
    "Connect a source", type="primary", icon=":material/add:", width="stretch"
):
    st.switch_page(page.page("services"))
try:
    data.connectors()
except PbfError as error:
    page.stop_with(error)
show(portal, page.RETURNED.get())
bulk_actions.open_dialog(portal)
