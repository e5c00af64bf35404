"""Policy: what a tenant may see and do, and which rule decides it, for admins and operators."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission, allows
from pbf.ui import page
from pbf.ui.administration import policy as parts
from pbf.ui.administration.opening import start_page

visitor = start_page("Policy", Permission.MANAGE_PEOPLE)
st.title("Policy", anchor=False)
is_operator = allows(visitor.role, Permission.MANAGE_TENANTS)
if is_operator:
    page.show_policy_problem()
with st.container(width=900):
    try:
        portal = parts.portal_of(parts.choose_tenant(visitor))
        policy = portal.policy().narrowed(visitor.services)
        parts.show_services(portal, policy, names_hidden=is_operator)
    except PbfError as error:
        page.stop_with(error)
    parts.show_settings(policy)
    if is_operator:
        parts.show_places(policy)
