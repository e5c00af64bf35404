"""Connectors: what is syncing, and what needs somebody."""

from datetime import UTC, datetime

import streamlit as st

from pbf.components.connector_table import asked_of_table, connector_table
from pbf.connectors.portal import Portal
from pbf.errors import PbfError
from pbf.fivetran.models import Connector
from pbf.rules.health import health
from pbf.ui import bulk_actions, data, page, trash

# How often a page looks, every three seconds, before it says that a set-up is not complete.
LOOKS = 10
NOTES = {
    "used": "This link was already used. Here is how your connectors are now.",
    "expired": "This link to the Connect Card is no longer valid. Open the card from the list.",
    "gone": "This connector no longer exists. It may have been deleted.",
    "no-card": "Fivetran did not open the Connect Card. Nothing is lost; try again from the list.",
    "too-many": "Too many requests came from this client. Nothing is lost; try again later.",
    "unread": "Fivetran does not respond right now, so the list may be outdated. Nothing is lost.",
}


def remember_return() -> None:
    """Take what the way back says out of the address, so that a reload does not say it again."""
    for key in ("returned", "note"):
        if key in st.query_params:
            st.session_state[key] = page.query_param(key)
            st.session_state["looks"] = 0
            del st.query_params[key]


def welcome_back(portal: Portal, marked: str) -> None:
    """Say how the connector is that somebody just came back from, as Fivetran tells it."""
    connector = next((one for one in portal.connectors().items if one.id == marked), None)
    if connector is None:
        return
    checking = is_checking(portal, connector)
    connector = portal.connector(connector.id)
    state = health(connector, datetime.now(UTC))
    name, reason = page.plain(connector.title), page.plain(state.reason)
    if connector.status.setup_state == "connected":
        st.success(f"**{name}** is connected. {reason}", icon=":material/check_circle:")
    elif checking:
        st.info(
            f"Fivetran is still checking **{name}**. This page shows the result when it is there.",
            icon=":material/hourglass_top:",
        )
    else:
        st.warning(f"**{name}** is not connected yet. {reason}", icon=":material/pending:")


def is_checking(portal: Portal, connector: Connector) -> bool:
    """Look at what somebody came back from, a few times: Fivetran takes a moment to take it in."""
    looks: int = st.session_state.get("looks", LOOKS)
    if connector.status.setup_state == "connected" or looks >= LOOKS:
        return False
    st.session_state["looks"] = looks + 1
    portal.operations.look_again(connector.id)
    return True


@st.fragment(run_every=page.FOLLOW)
def follow(portal: Portal, marked: str) -> None:
    """Show the table, and keep up with what changes."""
    try:
        if asked := asked_of_table():
            bulk_actions.act(portal, asked)
        bulk_actions.results()
        trash.strip(portal)
        table = data.table(marked)
        page.mark_age(data.connectors())
        if not table.ids:
            word = "left" if portal.deleted().items else "yet"
            st.info(f"There are no connectors {word}. Connect a source to see it here.")
            return
        if marked:
            welcome_back(portal, marked)
        now = datetime.now(UTC).isoformat()
        connector_table(table.rows, version=table.version, now=now, detail="connector")
        bulk_actions.remember_shown(table.ids)
    except PbfError as error:
        page.stop_with(error)


portal = page.start_page("Connectors")
remember_return()
if note := NOTES.get(st.session_state.get("note", "")):
    st.info(note, icon=":material/info:")
title, door = st.columns([3, 1], vertical_alignment="center")
title.title("Connectors", anchor=False)
if door.button("Connect a source", type="primary", icon=":material/add:", width="stretch"):
    st.switch_page(page.page("services"))
try:
    data.connectors()
except PbfError as error:
    page.stop_with(error)
follow(portal, st.session_state.get("returned", ""))
bulk_actions.open_asked(portal)
