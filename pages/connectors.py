"""Connectors: what is syncing, and what needs somebody."""

from datetime import UTC, datetime

import streamlit as st

from pbf import data, ui
from pbf.errors import PbfError
from pbf.health import ACTIONS, ON_THE_CARD, health
from pbf.portal import Portal
from pbf.table import connector_table

NOTES = {
    "used": "That link back has done its work already. Here is how your connectors are now.",
    "expired": "That link to the Connect Card is no longer valid. Open the card from the list.",
    "gone": "That connector is no longer there. It may have been deleted.",
    "no-card": "Fivetran did not open the Connect Card. Nothing is lost; try again from the list.",
    "unread": "Fivetran does not answer right now, so the list may be behind. Nothing is lost.",
}


def remember_return() -> None:
    """Take what the way back says out of the address, so that a reload does not say it again."""
    for key in ("returned", "note"):
        if key in st.query_params:
            st.session_state[key] = st.query_params[key]
            del st.query_params[key]


def welcome_back(portal: Portal, marked: str) -> None:
    """Say how the connector is that somebody just came back from, as Fivetran tells it."""
    connector = next((one for one in portal.connectors().items if one.id == marked), None)
    if connector is None:
        return
    name, state = ui.plain(connector.title), health(connector, datetime.now(UTC))
    if connector.status.setup_state == "connected":
        st.success(f"**{name}** is connected. {state.reason}", icon=":material/check_circle:")
    else:
        st.warning(f"**{name}** is not connected yet. {state.reason}", icon=":material/pending:")


def act(portal: Portal, chosen: dict[str, str]) -> None:
    """Do what was asked of a row; the id is looked up among the tenant's own."""
    if chosen["action"] not in ACTIONS:
        return
    connector = portal.connector(chosen["id"])
    if chosen["action"] in ON_THE_CARD:
        ui.hand_off(portal, connector.id, name=connector.title)
    if chosen["action"] == "sync":
        portal.sync(connector.id)
    elif chosen["action"] == "resume":
        portal.resume(connector.id)
    st.toast(f"{ACTIONS[chosen['action']]}: {ui.plain(connector.title)}", icon=":material/check:")


@st.fragment(run_every=ui.FOLLOW)
def follow(portal: Portal, marked: str) -> None:
    """Show the table, and keep up with what changes."""
    try:
        rows, version = data.rows(marked)
        ui.mark_age(data.connectors())
        if marked:
            welcome_back(portal, marked)
        place = st.empty()
        chosen = connector_table(
            rows, version=version, now=datetime.now(UTC).isoformat(), detail="connector"
        )
        if chosen:
            with place.container():
                act(portal, chosen)
    except PbfError as error:
        ui.stop_with(error)


portal = ui.start_page("Connectors")
remember_return()
if note := NOTES.get(st.session_state.get("note", "")):
    st.info(note, icon=":material/info:")

title, door = st.columns([3, 1], vertical_alignment="center")
title.title("Connectors", anchor=False)
if door.button("Connect a source", type="primary", icon=":material/add:", width="stretch"):
    st.switch_page(ui.page("services"))

try:
    empty = not data.connectors().items
except PbfError as error:
    ui.stop_with(error)
if empty:
    st.info("There are no connectors yet. Connect your first source to see it here.")
else:
    follow(portal, st.session_state.get("returned", ""))
