"""The marks, what was pressed among them, and the button for the calls of the session."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st
from pydantic import BaseModel

from pbf.connectors.portal import Portal
from pbf.show_api.hiding import SHOWN_ITEMS
from pbf.show_api.operations import OPERATIONS
from pbf.show_api.target import Target
from pbf.ui import page, session
from pbf.ui.show_api.subjects import OPENED, Subject, target_of

CALLS_PRESSED = "pbf-api-calls"
SHOWN_PAGE = page.SessionValue("api_page", "")


def show_mark(subject: Subject, *, key: str) -> None:
    """Show a mark; pressed, it opens its dialog in the next run of the page."""
    portal = session.portal()
    operation = OPERATIONS[subject.names[0]]
    request = operation.request(target_of(portal, subject))
    _record_cached(portal, subject.names)
    more = f" +{len(subject.names) - 1}" if len(subject.names) > 1 else ""
    with st.container(key=f"pbf-api-mark-{key}"):
        if st.button(
            # A quoted path has no character that means something in Markdown code.
            f"`</> {request.method} {request.path}`{more}",
            key=f"api-mark-{key}",
            type="tertiary",
            help=operation.title,
        ):
            OPENED.set((SHOWN_PAGE.get(), subject))
            st.rerun()  # the whole page, since a dialog of a fragment ends with its next run


def show_calls_button() -> None:
    """Show the button that opens the calls of this session, above the page's lower edge."""
    with st.container(key="pbf-api-bar"):
        st.button("</> API calls", key=CALLS_PRESSED, help="Show API is on: the last 100 calls")


def show_opened(name: str) -> None:
    """Show on the page of a name the dialog that was opened there, until it is closed.

    A page may run again by itself before the dialog is drawn.
    """
    SHOWN_PAGE.set(name)
    if st.session_state.get(CALLS_PRESSED):
        OPENED.set((name, None))
    where, subject = OPENED.get() or ("", None)
    if where != name:
        OPENED.pop()
        return
    from pbf.ui.show_api import dialogs

    if subject:
        dialogs.show_operations(subject)
    else:
        dialogs.show_calls()


def _record_cached(portal: Portal, names: tuple[str, ...]) -> None:
    """Record the lists that the page shows, if they came from the cache."""
    calls, tenant = session.api_calls(), portal.tenant
    lists = {"services": portal.last_services, "connectors": portal.last_connectors}
    for name in names:
        if cached := lists[name]() if name in lists else None:
            path = OPERATIONS[name].request(Target(group_id=tenant.group_id)).path
            items = partial(_dumped, cached.items)
            calls.record_cached(tenant.id, path, items, read_at=cached.fetched_at)


def _dumped(items: Sequence[BaseModel]) -> list[Any]:
    """Return the first items under Fivetran's names, and how many others there are."""
    first = [
        item.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"connect_card"})
        for item in items[:SHOWN_ITEMS]
    ]
    rest = len(items) - len(first)
    return [*first, f"… {rest:,} more"] if rest > 0 else first
