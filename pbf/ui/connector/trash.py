"""Recently deleted connectors: until when each can be restored, and a button to do so."""

from typing import NoReturn

import streamlit as st

from pbf.clock import utc_now
from pbf.connectors.portal import Portal
from pbf.errors import PbfError, UnknownConnector
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.wording import exact, left
from pbf.ui import html, page, session
from pbf.ui.connector import bulk_actions
from pbf.ui.lists import paging
from pbf.ui.refresh.fragments import following

# More at a time, each with a button, would make every run of the page slow.
SHOWN = 10
# The name of a connector that was restored, until that was said.
RESTORED = page.SessionValue("restored", "")


def strip(portal: Portal) -> None:
    """Show the recently deleted connectors in an expander, each with a button to restore it."""
    deleted = portal.deleted().items
    if not deleted:
        page.TRASH_IS_OPEN.pop()
        return
    pressed = [connector for connector in deleted if st.session_state.get(_key(connector.id))]
    if st.session_state.get(_key("all")):
        pressed = list(deleted)
    if pressed:
        page.next_turn()
        bulk_actions.carry_out(portal, "restore", pressed, ())
        st.rerun()
    label = f"Recently deleted ({len(deleted):,})"
    icon = ":material/auto_delete:"
    # A new number in the label makes a new expander, which is opened as the last one was. Passed
    # as `expanded`, the state would make a new one too, under the visitor's next click.
    page.TRASH_IS_OPEN.set(page.TRASH_IS_OPEN.get())
    key = page.TRASH_IS_OPEN.key
    with st.expander(label, key=key, icon=icon, on_change="rerun") as expander:
        if expander.open:
            _rows(deleted)


def _rows(deleted: tuple[Connector, ...]) -> None:
    rows = st.container(gap="xsmall")
    with st.container(horizontal=True, vertical_alignment="center"):
        if len(deleted) > 1 and session.may():
            st.button(f"Undo all {len(deleted):,}", key=_key("all"))
        visible = paging.part(deleted, size=SHOWN)
    for connector in visible:
        with rows.container(horizontal=True, vertical_alignment="center"):
            when = _when(connector)
            st.html(html.render("connector", "deleted", connector=connector, when=when))
            key = _key(connector.id)
            if session.may():
                st.button("Undo", key=key, help=f"Restore {page.plain(connector.title)}")


def stop_without_connector(portal: Portal, error: UnknownConnector) -> NoReturn:
    """Say that the address names no connector, offer to restore a deleted one, end the page."""
    connector_id, gone = page.query_param("id"), page.DELETED.get()
    if connector := _deleted(portal, connector_id):
        st.title("Deleted", anchor=False)
        _show(portal, connector_id)
        if page.CONFIRM_NOW.pop() == connector_id:
            _for_good(portal, connector)
    elif gone and gone.id == connector_id:
        st.title("Deleted", anchor=False)
        st.success(
            f"**{page.plain(gone.title)}** is deleted for good. "
            f"Its data stays in the destination, under **{page.plain(gone.schema_name)}**.",
            icon=":material/check:",
        )
    else:
        st.title("Connector not found", anchor=False)
        st.info(page.plain(str(error)), icon=":material/info:")
    page.link_back("connectors", "All connectors")
    st.stop()


def show_restored() -> None:
    """Say what was restored; Streamlit may drop what a run shows before it starts anew."""
    if title := RESTORED.pop():
        st.toast(f"{page.plain(title)} is back", icon=":material/check:")


@following("connectors")
def _show(portal: Portal, connector_id: str) -> None:
    """Show a deleted connector and a button to restore it, as long as that is possible."""
    try:
        connector = _deleted(portal, connector_id)
    except PbfError as error:
        page.stop_with(error)
    if connector is None:
        st.rerun()
    page.DELETED.set(connector)
    problem = None
    if st.session_state.get(_key(connector.id)):
        problem = page.once(lambda: portal.operations.restore(connector_id), "Restoring…")
        if problem is None:
            RESTORED.set(connector.title)
            st.rerun()
    if st.session_state.get(f"for-good-{page.turn()}"):
        page.next_turn()
        page.CONFIRM_NOW.set(connector.id)
        st.rerun()
    _explain(connector)
    if problem:
        page.show_problem(problem)
    with st.container(horizontal=True):
        if session.may():
            st.button("Undo", key=_key(connector.id), type="primary", icon=":material/undo:")
        if session.may(Permission.DELETE_NOW):
            st.button("Delete for good now", key=f"for-good-{page.turn()}")


def _explain(connector: Connector) -> None:
    """Say what was done, what will happen, and what stays."""
    until = "Until that is done you can still undo this."
    if connector.final_at and connector.final_at > utc_now():
        until = f"Until then ({exact(connector.final_at)}) you can undo this."
    st.info(
        f"**{page.plain(connector.title)}** is paused and hidden. "
        f"It is deleted {_when(connector)}. {until}",
        icon=":material/auto_delete:",
    )
    page.quiet(
        f"Its data stays in the destination, under {connector.schema_name}. "
        "That name is free again once it is deleted for good."
    )


@st.dialog("Delete for good now?")
@session.acting
def _for_good(portal: Portal, connector: Connector) -> None:
    """Ask before a connector is deleted ahead of time."""
    st.markdown(
        f"**{page.plain(connector.title)}** and its credentials are deleted at Fivetran now. "
        "This cannot be undone."
    )
    if st.button("Delete for good", type="primary", key=f"for-good-yes-{page.turn()}"):
        error = page.once(lambda: portal.operations.delete(connector.id, now=True), "Deleting…")
        if error is None:
            st.rerun()
        page.show_problem(error)


def _deleted(portal: Portal, connector_id: str) -> Connector | None:
    by_id = (connector for connector in portal.deleted().items if connector.id == connector_id)
    return next(by_id, None)


def _when(connector: Connector) -> str:
    """Return when a connector is deleted for good, in words."""
    final = connector.final_at or utc_now()
    seconds = (final - utc_now()).total_seconds()
    return f"for good in {left(seconds)}" if seconds > 0 else "for good any moment"


def _key(what: str) -> str:
    """Return the key of a button that restores one connector, by its id, or all."""
    return f"undo-{what}-{page.turn()}"
