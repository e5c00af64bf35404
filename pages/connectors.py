"""Connectors: the status of each, and what needs you."""

from datetime import UTC, datetime

import streamlit as st

from pbf.components.connector_table import connector_table, table_action
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.fivetran.models import Connector
from pbf.rules.health import health
from pbf.ui import bulk_actions, data, page, trash

# The number of checks, one every three seconds, before a set-up is said to be incomplete.
MOST_CHECKS = 10
NOTES = {
    "used": "This link was already used. Here is how your connectors are now.",
    "expired": "This link to the Connect Card is no longer valid. Open the card from the list.",
    "gone": "This connector no longer exists. It may have been deleted.",
    "no-card": "Fivetran did not open the Connect Card. Nothing is lost; try again from the list.",
    "too-many": "Too many requests came from this client. Nothing is lost; try again later.",
    "unread": "Fivetran does not respond right now, so the list may be outdated. Nothing is lost.",
}


def remember_return() -> None:
    """Move the parameters of a return out of the address, so that a reload does not repeat them."""
    for value in (page.RETURNED, page.NOTE):
        if value.key in st.query_params:
            value.set(page.query_param(value.key))
            page.CHECKS.set(0)
            del st.query_params[value.key]


def show_result(portal: Portal, returned: str) -> None:
    """Show how a set-up went after the return from the Connect Card, as Fivetran reports it."""
    by_id = (connector for connector in portal.connectors().items if connector.id == returned)
    connector = next(by_id, None)
    if connector is None:
        return
    checking = is_checking(portal, connector)
    connector = portal.connector(connector.id)
    state = health(connector, datetime.now(UTC))
    name, reason = page.plain(connector.title), page.plain(state.reason)
    if connector.is_set_up:
        st.success(f"**{name}** is connected. {reason}", icon=":material/check_circle:")
    elif checking:
        st.info(
            f"Fivetran is still checking **{name}**. This page shows the result when it is there.",
            icon=":material/hourglass_top:",
        )
    else:
        st.warning(f"**{name}** is not connected yet. {reason}", icon=":material/pending:")


def is_checking(portal: Portal, connector: Connector) -> bool:
    """Check a connector again, a few times: Fivetran takes a moment to register a set-up."""
    checks = page.CHECKS.get()
    if connector.is_set_up or checks >= MOST_CHECKS:
        return False
    page.CHECKS.set(checks + 1)
    portal.operations.look_again(connector.id)
    return True


@st.fragment(run_every=page.REFRESH)
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
            show_result(portal, returned)
        now = datetime.now(UTC).isoformat()
        connector_table(table.rows, version=table.version, now=now, detail="connector")
        page.SHOWN_IDS.set(table.ids)
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Connectors")
remember_return()
if note := NOTES.get(page.NOTE.get()):
    st.info(note, icon=":material/info:")
title, button = st.columns([3, 1], vertical_alignment="center")
title.title("Connectors", anchor=False)
if button.button("Connect a source", type="primary", icon=":material/add:", width="stretch"):
    st.switch_page(page.page("services"))
try:
    data.connectors()
except PbfError as error:
    page.stop_with(error)
show(portal, page.RETURNED.get())
bulk_actions.open_dialog(portal)
