"""Connector: how one connector is, and everything that can be done with it."""

from datetime import UTC, datetime

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError, UnknownConnector
from pbf.fivetran.history import Past
from pbf.fivetran.models import Connector
from pbf.rules.actions import LABELS
from pbf.rules.health import health
from pbf.ui import audit_table, connector_detail, connector_dialogs, data, page, trash


def carry_out(portal: Portal, connector: Connector) -> None:
    """Do what was pressed on the page as it was shown."""
    asked = next((one for one in LABELS if st.session_state.get(f"{one}-{page.turn()}")), None)
    if asked is None:
        return
    acts = portal.operations
    at_once = {"sync": acts.sync, "pause": acts.pause, "resume": acts.resume}
    st.session_state["problem"] = None
    st.session_state.pop("tests", None)
    if asked not in at_once:
        st.session_state.update(turn=page.turn() + 1, asked=asked)
        st.rerun()
    if problem := page.once(lambda: at_once[asked](connector.id)):
        st.session_state["problem"] = connector.id, f"{LABELS[asked]}: {page.told(problem)}"
    else:
        st.toast(f"{LABELS[asked]}: done", icon=":material/check:")


def tell(connector: Connector) -> None:
    """Show the facts, and what Fivetran reports."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.header("Facts", anchor=False)
        page.facts(connector_detail.facts(connector, data.service_of(connector), datetime.now(UTC)))
    with right:
        st.header("Tasks and warnings", anchor=False)
        st.html(connector_detail.notes(connector))
        if (errors := data.errors(connector)) != Past():
            st.header("Errors", anchor=False)
            st.html(connector_detail.errors(errors))
        if (syncs := data.history(connector)) != Past():
            st.header("Recent syncs", anchor=False)
            st.html(connector_detail.syncs(syncs))
        if deeds := data.deeds(connector):
            st.header("Recent actions", anchor=False)
            st.html(audit_table.few(deeds))


@st.fragment(run_every=page.FOLLOW)
def follow(portal: Portal, connector_id: str) -> None:
    """Show the connector, and keep up with what changes."""
    place = st.container()
    try:
        with place:
            carry_out(portal, portal.connector(connector_id))
        answer, connector = data.connectors(), portal.connector(connector_id)
    except UnknownConnector:
        st.rerun()
    except PbfError as error:
        page.stop_with(error)
    page.mark_age(answer)
    state = health(connector, datetime.now(UTC))
    page.mark_open_card(connector.id, connector.status.setup_state)
    st.html(connector_detail.head(connector, data.service_of(connector), state))
    whose, problem = st.session_state.get("problem") or ("", "")
    if whose == connector.id:
        st.error(page.plain(problem), icon=":material/error:")
    connector_detail.show_actions(connector, state)
    tell(connector)


portal = page.start_page("Connector")
try:
    data.connectors()
    connector = portal.connector(page.query_param("id"))
except UnknownConnector as error:
    trash.stop_without_connector(portal, error)
except PbfError as error:
    page.stop_with(error)

st.page_link(page.page("connectors"), label="All connectors", icon=":material/arrow_back:")
asked = st.session_state.pop("asked", None)
if asked == "edit":
    page.hand_off(portal, connector.id, name=connector.title)
follow(portal, connector.id)
if asked:
    connector_dialogs.OPEN[asked](portal, connector)
