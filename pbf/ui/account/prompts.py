"""What people see who are not signed in, or whose tenant is missing."""

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from pbf.components.session_ended import announce_session_ended
from pbf.identity.models import Identity
from pbf.paths import PREFIX, from_page
from pbf.rules.access.permissions import Role
from pbf.runtime import runtime
from pbf.ui import html
from pbf.ui.account.top_row import MOST_LISTED, next_page, tenant_options, this_page


def stop_signed_out() -> NoReturn:
    """Say that the session has ended, with the way back to this page, and end the page.

    In a frame, the pages around this one are told, so that they can load a new sign-in link.
    """
    st.title("Your session has ended", anchor=False)
    st.info("Nothing you saved is lost. Sign in again to go on here.", icon=":material/lock:")
    st.html(html.render("parts", "sign_in", url=_sign_in_url()))
    if ancestors := runtime().settings.frame_ancestors:
        announce_session_ended(ancestors)
    st.stop()


def stop_without_tenant() -> NoReturn:
    """Let an operator choose a tenant for this page, and end the page."""
    st.title("Choose a tenant", anchor=False)
    entries = [(tenant, Role.OPERATOR) for tenant in runtime().identity.tenants.all()]
    if not entries:
        st.info("There are no tenants yet. Add them to the policy file.", icon=":material/info:")
    else:
        options, is_long = tenant_options(entries), len(entries) > MOST_LISTED
        macro = "tenant_search" if is_long else "tenants"
        st.html(html.render("account", macro, options=options, next=next_page()))
    st.stop()


def stop_without_its_tenant(identity: Identity) -> NoReturn:
    """Say that the visitor's tenant was removed, and end the page."""
    st.title("This tenant no longer exists", anchor=False)
    if identity.is_operator:
        st.info(
            "It was removed, or its id has changed. Leave it in the menu at the top of this page.",
            icon=":material/info:",
        )
    else:
        st.info(
            "It was removed, or its id has changed. If you expected it here, ask your "
            "administrator.",
            icon=":material/info:",
        )
    st.stop()


def _sign_in_url() -> str:
    """Return the address of the sign-in, which leads back to this page."""
    query = urlencode({"next": this_page(), "reason": "ended"})
    return from_page(f"{PREFIX}/sign-in?{query}")
