"""Connect: name a connector of one service, then go to its Connect Card."""

import streamlit as st

from pbf.connectors.portal import dashboard_only
from pbf.errors import PbfError, UnknownService
from pbf.ui import connect_form, data, page, session
from pbf.ui.show_api.marks import mark

portal = page.start_page("Connect")
try:
    data.connectors()
    page.follow_age(lambda: (data.connectors(),))
    service = portal.service(page.query_param("service"))
    page.link_back("services", "All services")
    left, right = st.columns([3, 2], gap="large")
    if service.is_creatable:
        with right:
            connect_form.show_next_steps(portal, service)
    with left, st.container(width=680):
        connect_form.introduce(service)
        if session.may():
            connect_form.offer_unfinished(portal, service)
        if not session.may():
            st.info(page.plain(session.why_not()), icon=":material/lock:")
        elif service.is_creatable:
            connect_form.show_form(portal, service)
            mark("create", "service", service=service.id)
        else:
            st.info(page.plain(dashboard_only(service)), icon=":material/lock:")
            connect_form.show_guide(service)
except UnknownService as error:
    st.title("Service not found", anchor=False)
    st.info(page.plain(str(error)), icon=":material/info:")
    page.link_back("services", "All services")
except PbfError as error:
    page.stop_with(error)
