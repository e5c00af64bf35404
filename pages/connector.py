"""Connector: how one connector is, and everything that can be done with it."""

from datetime import UTC, datetime

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError, UnknownConnector
from pbf.fivetran.history import History
from pbf.fivetran.models import Connector
from pbf.rules.actions import LABELS, Action, advice, obstacle
from pbf.rules.health import ACTIONS, ON_THE_CARD, Health, health
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


def button(action: Action, connector: Connector, label: str, kind: str = "secondary") -> None:
    """Show an action; one that would change nothing now is disabled and says why."""
    reason = obstacle(action, connector)
    if action == "tables" and reason is None:
        st.page_link(page.page("tables"), label=label, query_params={"id": connector.id})
        return
    key = f"{action}-{page.turn()}"
    hint = page.plain(reason or advice(action, connector) or "")
    st.button(label, key=key, type=kind, disabled=reason is not None, help=hint or None)


def offer(connector: Connector, state: Health) -> None:
    """Show the one next step, what else can be done, and why the rest cannot."""
    first: Action | None = None
    if state.action:
        first = "edit" if state.action in ON_THE_CARD else state.action
        button(first, connector, ACTIONS[state.action], "primary")
    others = [action for action in connector_detail.row(connector) if action != first]
    with st.container(key="actions", horizontal=True, gap="small", vertical_alignment="center"):
        for action in others:
            button(action, connector, LABELS[action])
    if why := connector_detail.obstacles(connector, others):
        st.html(why)


def tell(connector: Connector) -> None:
    """Show the facts, and what Fivetran reports."""
    left, right = st.columns([2, 3], gap="large")
    with left:
        st.header("Facts", anchor=False)
        page.facts(connector_detail.facts(connector, data.service_of(connector), datetime.now(UTC)))
    with right:
        st.header("Tasks and warnings", anchor=False)
        st.html(connector_detail.notes(connector))
        if (errors := data.errors(connector)) != History():
            st.header("Errors", anchor=False)
            st.html(connector_detail.errors(errors))
        if (syncs := data.history(connector)) != History():
            st.header("Recent syncs", anchor=False)
            st.html(connector_detail.syncs(syncs))
        if deeds := data.deeds(connector):
            st.header("What people did", anchor=False)
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
    offer(connector, state)
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
