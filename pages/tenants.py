"""Tenants: which of them need somebody, and the way in, for operators."""

import streamlit as st

from pbf.rules.access.permissions import Permission
from pbf.ui import page
from pbf.ui.administration import tenants
from pbf.ui.administration.opening import start_page
from pbf.ui.refresh.fragments import following


@following("tenants")
def show(inside: str) -> None:
    """Show the tenants as they are now; `inside` is the one that was entered."""
    table, statuses = tenants.newest()
    tenants.show_problem(statuses)
    if not table:
        st.info("There are no tenants yet. Add one to the policy file.")
        return
    tenants.show_summary(table, statuses)
    shown = tenants.matching(table, tenants.show_search())
    if shown:
        tenants.show_table(shown, inside=inside)
    else:
        page.quiet("No tenants match your search.")


visitor = start_page("Tenants", Permission.MANAGE_TENANTS)
st.title("Tenants", anchor=False)
page.show_policy_problem()
show(visitor.tenant_id)
