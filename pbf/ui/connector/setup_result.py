"""What the connectors page says after the return from a Connect Card."""

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.fivetran.models import Connector
from pbf.rules.health import health
from pbf.ui import page
from pbf.ui.refresh.fragments import run_again_soon

# The number of checks, one every three seconds, before a set-up is said to be incomplete.
MOST_CHECKS = 10
NOTES = {
    "used": "This link was already used. Here is how your connectors are now.",
    "expired": "This link to the Connect Card is no longer valid. Open the card from the list.",
    "elsewhere": "This link belongs to another organization than the one you are signed in to. "
    "Switch to that organization, then open the link again.",
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


def show_note() -> None:
    """Say why the way to the Connect Card or back ended here, if it was cut short."""
    if note := NOTES.get(page.NOTE.get()):
        st.info(note, icon=":material/info:")


def show(portal: Portal, returned: str) -> None:
    """Show how a set-up went after the return from the Connect Card, as Fivetran reports it."""
    by_id = (connector for connector in portal.connectors().items if connector.id == returned)
    connector = next(by_id, None)
    if connector is None:
        return
    checking = is_checking(portal, connector)
    connector = portal.connector(connector.id)
    state = health(connector, utc_now())
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
    run_again_soon("checks")
    portal.operations.look_again(connector.id)
    return True
