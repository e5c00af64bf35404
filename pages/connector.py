"""Connector: the status of one connector, and every action on it."""

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.errors import PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.rules.actions import LABELS
from pbf.rules.health import health
from pbf.ui import data, page
from pbf.ui.connector import bulk_actions, detail, dialogs, trash
from pbf.ui.refresh.fragments import following
from pbf.ui.show_api.marks import mark


def carry_out(portal: Portal, connector: Connector) -> None:
    """Carry out the action that was pressed in the last run, or open its dialog."""
    detail.ask_if_pressed(connector)
    pressed = (action for action in LABELS if st.session_state.get(f"{action}-{page.turn()}"))
    action = next(pressed, None)
    if action is None:
        return
    operations = portal.operations
    at_once = {"sync": operations.sync, "pause": operations.pause, "resume": operations.resume}
    page.PROBLEM.pop()
    page.TESTS.pop()
    if action not in at_once:
        page.next_turn()
        page.DIALOG.set(action)
        st.rerun()
    if error := page.once(lambda: at_once[action](connector.id)):
        page.PROBLEM.set((connector.id, f"{LABELS[action]}: {page.with_reference(error)}"))
    else:
        st.toast(f"{LABELS[action]}: done", icon=":material/check:")


@following("connectors")
def show(portal: Portal, connector_id: str) -> None:
    """Show the connector as it is now."""
    progress = st.container()
    try:
        with progress:
            carry_out(portal, portal.connector(connector_id))
        answer, connector = data.connectors(), portal.connector(connector_id)
    except UnknownConnector:
        st.rerun()
    except PbfError as error:
        page.stop_with(error)
    page.mark_age(answer)
    state = health(connector, utc_now())
    page.mark_open_card(connector.id, connector.status.setup_state)
    st.html(detail.head(connector, data.service_of(connector), state))
    mark("connectors", "connector", connector=connector)
    failed_id, problem = page.PROBLEM.get() or ("", "")
    with st.container():  # also without a problem; see page.mark_age
        if failed_id == connector.id:
            page.show_problem(problem)
    detail.show_actions(connector, state)
    detail.show_details(connector)


portal = page.start_page("Connector")
try:
    data.connectors()
    connector = portal.connector(page.query_param("id"))
except UnknownConnector as error:
    trash.stop_without_connector(portal, error)
except PbfError as error:
    page.stop_with(error)

trash.show_restored()
page.link_back("connectors", "All connectors")
action = page.DIALOG.pop()
if action == "edit":
    page.hand_off(portal, connector.id, name=connector.title)
show(portal, connector.id)
bulk_actions.open_dialog(portal)
if action:
    dialogs.OPEN[action](portal, connector)
