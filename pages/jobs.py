"""Jobs: the background work, what is due, and what failed last, for operators."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page
from pbf.ui.administration import jobs
from pbf.ui.administration.opening import start_page
from pbf.ui.refresh.fragments import following


@following("jobs")
def show() -> None:
    """Show the jobs as they are now."""
    try:
        statuses = jobs.newest()
    except PbfError as error:
        page.stop_with(error)
    jobs.show_last_press()
    if not statuses:
        st.info("No job has run yet. The first ones run within seconds after the server starts.")
        return
    jobs.show_summary(statuses)
    jobs.show_rows(statuses)


start_page("Jobs", Permission.MANAGE_TENANTS)
st.title("Jobs", anchor=False)
with st.container(width=900):
    show()
