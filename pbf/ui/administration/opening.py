"""Opening the pages that are for operators, or for admins and operators."""

import streamlit as st

from pbf import logs
from pbf.config import CREDENTIALS
from pbf.connectors.access.caller import CALLER, Caller
from pbf.errors import NotSignedIn, PbfError
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, allows, refusal
from pbf.runtime import runtime
from pbf.ui import html, page, session


def start_page(title: str, permission: Permission) -> Identity:
    """Open a page that needs no tenant, and return who looks at it.

    Stops with a sentence for those who lack the permission. An operator may have no tenant.
    """
    st.set_page_config(page_title=title, layout="wide")
    if page.OPEN_PAGE.get() != title:
        for value in page.OF_ONE_PAGE:
            value.pop()
        page.OPEN_PAGE.set(title)
    logs.begin_request()
    try:
        visitor = session.identity()
    except NotSignedIn:
        page.stop_signed_out()
    except PbfError as error:
        page.stop_with(error)
    if runtime().settings.sandbox:
        st.html(html.render("parts", "banner", names=CREDENTIALS))
    if not allows(visitor.role, permission):
        st.title(title, anchor=False)
        st.info(refusal(visitor.role, permission), icon=":material/lock:")
        st.stop()
    act_for(visitor)
    return visitor


def act_for(visitor: Identity) -> None:
    """Act for somebody in this thread, whose role is that of all tenants."""
    CALLER.set(Caller(visitor.actor or "page", visitor.role, None, visitor.services, visitor.name))
