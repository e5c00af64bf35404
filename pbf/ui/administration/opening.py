"""Opening the pages that are for operators, or for admins and operators."""

import streamlit as st

from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, allows, refusal
from pbf.ui import page


def start_page(title: str, permission: Permission) -> Identity:
    """Open a page that needs no tenant, and return who looks at it.

    Stops with a sentence for those who lack the permission. An operator may have no tenant.
    """
    visitor = page.open_page(title)
    if not allows(visitor.role, permission):
        st.title(title, anchor=False)
        st.info(refusal(visitor.role, permission), icon=":material/lock:")
        st.stop()
    return visitor
