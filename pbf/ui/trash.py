"""What is shown of deleted connectors: until when each can be had back, and the way back."""

from datetime import UTC, datetime
from typing import NoReturn

import streamlit as st

from pbf.connectors.portal import Portal
from pbf.errors import PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.rules.wording import exact, left
from pbf.ui import bulk_actions, page
from pbf.ui.html import escape

# More at a time, each with a button, would make every look at the page slow.
SHOWN = 10


def strip(portal: Portal) -> None:
    """Show what was deleted lately, folded up, each with its way back."""
    waiting = portal.deleted().items
    if not waiting:
        st.session_state.pop("unfolded", None)
        return
    pressed = [one for one in waiting if st.session_state.get(_key(one.id))]
    if st.session_state.get(_key("all")):
        pressed = list(waiting)
    if pressed:
        st.session_state["turn"] = page.turn() + 1
        bulk_actions.carry_out(portal, "restore", pressed, ())
        st.rerun()
    label = f"Recently deleted ({len(waiting):,})"
    icon = ":material/auto_delete:"
    # With another number in its label it is another one, which would be folded up again.
    unfolded = st.session_state.get("unfolded", False)
    with st.expander(label, expanded=unfolded, icon=icon, on_change="rerun") as place:
        st.session_state["unfolded"] = place.open
        if place.open:
            _rows(waiting)


def _rows(waiting: tuple[Connector, ...]) -> None:
    pages, place = -(-len(waiting) // SHOWN), st.container(gap="xsmall")
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(waiting) > 1:
            st.button(f"Undo all {len(waiting):,}", key=_key("all"))
        part = st.pagination(pages) if pages > 1 else 1
    for one in waiting[(part - 1) * SHOWN : part * SHOWN]:
        with place.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f'<div class="pbf-line"><div><strong>{escape(one.title)}</strong><span '
                f'class="pbf-quiet">{bulk_actions.permanent(one)} deleted {_when(one)}</span>'
                "</div></div>"
            )
            st.button("Undo", key=_key(one.id), help=f"Bring {page.plain(one.title)} back")


def stop_without_connector(portal: Portal, error: UnknownConnector) -> NoReturn:
    """Say that the connector in the address is not there, offer it if it waits, end the page."""
    wanted = page.query_param("id")
    gone: Connector | None = st.session_state.get("deleted")
    if waits := _waiting(portal, wanted):
        st.title("Deleted", anchor=False)
        _follow(portal, wanted)
        if st.session_state.pop("insists", None) == wanted:
            _for_good(portal, waits)
    elif gone and gone.id == wanted:
        st.title("Deleted", anchor=False)
        st.success(
            f"**{page.plain(gone.title)}** is deleted for good. "
            f"Its data stays in the destination, under **{page.plain(gone.schema_name)}**.",
            icon=":material/check:",
        )
    else:
        st.title("Connector not found", anchor=False)
        st.info(page.plain(str(error)), icon=":material/info:")
    st.page_link(page.page("connectors"), label="All connectors", icon=":material/arrow_back:")
    st.stop()


@st.fragment(run_every=page.FOLLOW)
def _follow(portal: Portal, connector_id: str) -> None:
    """Show what waits, with its way back, until it has been taken or is too late."""
    try:
        waits = _waiting(portal, connector_id)
    except PbfError as error:
        page.stop_with(error)
    if waits is None:
        st.rerun()
    st.session_state["deleted"] = waits
    problem = None
    if st.session_state.get(_key(waits.id)):
        problem = page.once(lambda: portal.operations.restore(waits.id), "Bringing it back…")
        if problem is None:
            st.toast(f"{page.plain(waits.title)} is back", icon=":material/check:")
            st.rerun()
    if st.session_state.get(f"for-good-{page.turn()}"):
        st.session_state.update(turn=page.turn() + 1, insists=waits.id)
        st.rerun()
    _tell(waits)
    if problem:
        st.error(page.plain(page.told(problem)), icon=":material/error:")
    with st.container(horizontal=True):
        st.button("Undo", key=_key(waits.id), type="primary", icon=":material/undo:")
        st.button("Delete for good now", key=f"for-good-{page.turn()}")


def _tell(waits: Connector) -> None:
    """Say what has been done, what will be, and what stays."""
    until = "Until that is done you can still undo this."
    if waits.final_at and waits.final_at > datetime.now(UTC):
        until = f"Until then ({exact(waits.final_at)}) you can undo this."
    st.info(
        f"**{page.plain(waits.title)}** is paused and hidden. "
        f"It is deleted {_when(waits)}. {until}",
        icon=":material/auto_delete:",
    )
    page.quiet(
        f"Its data stays in the destination, under {waits.schema_name}. "
        "That name is free again once it is deleted for good."
    )


@st.dialog("Delete for good now?")
def _for_good(portal: Portal, waits: Connector) -> None:
    """Ask before the time to undo it is cut short."""
    st.markdown(
        f"**{page.plain(waits.title)}** and its credentials are deleted at Fivetran now. "
        "This cannot be undone."
    )
    if st.button("Delete for good", type="primary", key=f"for-good-yes-{page.turn()}"):
        problem = page.once(lambda: portal.operations.delete(waits.id, now=True), "Deleting…")
        if problem is None:
            st.rerun()
        st.error(page.plain(page.told(problem)), icon=":material/error:")


def _waiting(portal: Portal, connector_id: str) -> Connector | None:
    return next((one for one in portal.deleted().items if one.id == connector_id), None)


def _when(waits: Connector) -> str:
    """Return when it is deleted for good, in words."""
    final = waits.final_at or datetime.now(UTC)
    seconds = (final - datetime.now(UTC)).total_seconds()
    return f"for good in {left(seconds)}" if seconds > 0 else "for good any moment"


def _key(what: str) -> str:
    """Return the key of a button that brings back one, by its id, or all."""
    return f"undo-{what}-{page.turn()}"
