"""People: members, invitations, open sessions and API tokens of a tenant."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page, session
from pbf.ui.people import invitations, members, sessions, tokens
from pbf.ui.people.actions import is_on, show_done

PARTS = {
    "Members": members.show,
    "Invitations": invitations.show,
    "Sessions": sessions.show,
    "API tokens": tokens.show,
}


def show_parts() -> None:
    """Show the part whose tab is open."""
    identity = session.identity()
    tabs = st.tabs(list(PARTS), key="part", on_change="rerun", bind="query-params")
    for tab, show in zip(tabs, PARTS.values(), strict=True):
        if tab.open:
            with tab:
                show(identity)


page.start_page("People")
st.title("People", anchor=False)
if not is_on():
    st.info(
        "Sign-in is off: everybody who reaches the dashboard may do everything, so there are no "
        "people to manage. Set PBF_SIGN_IN to turn sign-in on.",
        icon=":material/lock_open:",
    )
elif not session.may(Permission.MANAGE_PEOPLE):
    st.info(page.plain(session.why_not(Permission.MANAGE_PEOPLE)), icon=":material/lock:")
else:
    try:
        show_done()
        show_parts()
    except PbfError as error:
        page.stop_with(error)
