"""What the parts of the People screen share: for whom they act, rows, and dialogs that confirm."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from pbf.identity.administration.administration import Administration
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import runtime
from pbf.ui import html, page, session
from pbf.ui.lists import paging
from pbf.ui.lists.search import search_field

Item = TypeVar("Item")

# Each row has buttons, which make every run of the page slower.
SHOWN = 20
ROLES = {
    Role.VIEWER: "Sees connectors, history and statistics.",
    Role.EDITOR: "Also creates, changes and deletes connectors.",
    Role.ADMIN: "Also manages people, API tokens and sessions.",
}
# What the last dialog did, until the next run has said so.
DONE = page.SessionValue("people_done", "")
WAYS = {
    "link": "a sign-in link",
    "jwt": "your application",
    "proxy": "a proxy",
    "demo": "the demo",
    "token": "an API token",
}


def administration() -> Administration:
    """Return what may be administered."""
    return runtime().identity.administration


def is_on() -> bool:
    """Return whether people can sign in at all."""
    return administration().is_on


def roles_up_to(identity: Identity) -> list[Role]:
    """Return the roles that somebody may give."""
    return [role for role in ROLES if role.rank <= identity.role.rank]


def choose_role(identity: Identity, present: Role, *, key: str) -> Role:
    """Ask for a role, with what each one may do."""
    roles = roles_up_to(identity)
    chosen: Role = st.radio(
        "Role",
        roles,
        roles.index(present) if present in roles else 0,
        format_func=lambda role: str(role).capitalize(),
        captions=[ROLES[role] for role in roles],
        key=key,
    )
    return chosen


def way(method: str) -> str:
    """Return a way of signing in, in words; providers by their names."""
    if method in WAYS:
        return WAYS[method]
    provider = runtime().identity.oidc.providers.get(method)
    return (provider.name if provider else "") or "the sign-in provider"


def row(macro: str, **values: Any) -> Any:
    """Draw a row from a template, and return the container beside it for buttons."""
    line = st.container(horizontal=True, vertical_alignment="center", border=False)
    line.html(html.render("people", macro, **values))
    return line


def search(key: str, number: int, placeholder: str) -> str:
    """Ask what to search for if there are many rows, and return what is typed."""
    return search_field(placeholder, key=key) if number > SHOWN else ""


def part(items: Sequence[Item], *, key: str) -> Sequence[Item]:
    """Return the items of the chosen page, and offer the other pages if there are any."""
    return paging.part(items, size=SHOWN, key=key)


def show_done() -> None:
    """Say what the last dialog did; Streamlit may drop what a run shows before it starts anew."""
    if done := DONE.pop():
        st.toast(page.plain(done), icon=":material/check:")


def run_and_close(operation: Callable[[], object], done: str) -> None:
    """Run an operation and close the dialog, or show in it why the operation failed."""
    error = page.once(operation, "Saving…")
    if error is None:
        DONE.set(done)
        st.rerun()
    page.show_problem(error)


def confirm(
    title: str, sentence: str, label: str, operation: Callable[[], object], done: str
) -> None:
    """Ask in a dialog, say what will happen, and do it when that is confirmed."""

    @st.dialog(title)
    @session.acting
    def ask() -> None:
        st.markdown(sentence)
        if st.button(label, type="primary", key=f"confirm-{page.turn()}"):
            run_and_close(operation, done)

    ask()
