"""Incidents: those under way on the overview, those of one connector, and all of them."""

from collections.abc import Sequence

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.rules.watch.kinds import IncidentEntry
from pbf.runtime import runtime
from pbf.ui import html, page
from pbf.ui.lists import paging
from pbf.ui.lists.search import matching, search_field

SHOWN = 20
ON_OVERVIEW = 5
SEARCH = "incident-search"


def under_way(portal: Portal) -> bool:
    """Show the open incidents of a tenant, and return whether there are any.

    If the database fails, none are shown.
    """
    try:
        incidents = runtime().watch.incidents.open(portal.tenant.group_id, explained=False)
    except StoreFailed:
        return False  # the page works without them; the next run tries again
    if not incidents:
        return False
    st.header("Incidents under way", anchor=False)
    with st.container(border=True, key="incidents-under-way"):
        for incident in incidents[:ON_OVERVIEW]:
            _show(incident)
        if len(incidents) > ON_OVERVIEW:
            more = f"{len(incidents) - ON_OVERVIEW:,} more"
            st.page_link(page.page("incidents"), label=more)
    return True


def of_connector(portal: Portal, connector: Connector) -> None:
    """Show a connector's open incident with its thread, and those of the last 90 days."""
    try:
        listed = runtime().watch.incidents.listed(portal.tenant.group_id, connector.id)
    except StoreFailed:
        return  # the page works without them; the next run tries again
    # A restarted sandbox issues the same ids again; the permanent name tells connectors apart.
    incidents = [item for item in listed if item.schema_name == connector.schema_name]
    if not incidents:
        return
    st.header("Incidents", anchor=False)
    for incident in incidents:
        if incident.is_open:
            with st.container(border=True):
                _show(incident)
                st.html(html.render("watch", "thread", incident=incident))
    if past := [incident for incident in incidents if not incident.is_open]:
        label = f"Past incidents of the last 90 days ({len(past):,})"
        # Only an open one is filled: each incident has two more containers.
        closed = st.expander(label, key=f"past-{connector.id}", on_change="rerun")
        if closed.open:
            with closed:
                _with_threads(paging.part(past, size=SHOWN, key="past-incidents"))


def show_all(portal: Portal) -> None:
    """Show open and past incidents, with a search."""
    incidents = runtime().watch.incidents.listed(portal.tenant.group_id)
    if not incidents:
        st.info(
            "No incidents in the last 90 days. One is listed here when a connector needs you, "
            "fails twice in a row, breaks its promise, or is paused elsewhere for a day."
        )
        return
    typed = search_field("A connector, a word such as “late”", key=SEARCH)
    found = list(matching(incidents, typed, text=_text))
    is_open = [incident for incident in found if incident.is_open]
    past = [incident for incident in found if not incident.is_open]
    st.header(f"Under way ({len(is_open):,})", anchor=False)
    if not is_open:
        page.quiet("None." if not typed else "No matches.")
    _with_threads(paging.part(is_open, size=SHOWN, key="open-incidents"))
    st.header(f"Past ({len(past):,})", anchor=False)
    if not past:
        page.quiet("None in the last 90 days." if not typed else "No matches.")
    _with_threads(paging.part(past, size=SHOWN, key="closed-incidents"))


def _with_threads(incidents: Sequence[IncidentEntry]) -> None:
    for incident in incidents:
        with st.container(border=True):
            _show(incident)
            with st.expander("What happened"):
                st.html(html.render("watch", "thread", incident=incident))


def _show(incident: IncidentEntry) -> None:
    st.html(html.render("watch", "incident", incident=incident))


def _text(incident: IncidentEntry) -> str:
    return f"{incident.title} {incident.connector_name} {incident.schema_name} {incident.word}"
