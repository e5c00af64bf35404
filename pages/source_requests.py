"""Requests: the sources that people ask for, and the answers to them, for operators."""

import streamlit as st

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.ui import page
from pbf.ui.administration import source_requests
from pbf.ui.administration.opening import start_page

visitor = start_page("Requests", Permission.MANAGE_TENANTS)
st.title("Requests", anchor=False)
with st.container(width=900):
    try:
        source_requests.show_demand(visitor)
    except PbfError as error:
        page.stop_with(error)
