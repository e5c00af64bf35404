"""Services: find a source to connect."""

import streamlit as st

from pbf.components.gallery import gallery
from pbf.errors import PbfError
from pbf.ui import data, page, session
from pbf.ui.administration import source_requests
from pbf.ui.show_api.marks import mark

portal = page.start_page("Services")

try:
    cards, version = data.gallery()
    has_services = bool(data.services().items)
    page.follow_age(lambda: (data.services(), data.connectors()))
except PbfError as error:
    page.stop_with(error)

st.title("Connect a source", anchor=False)
mark("services", "service")
source_requests.show_answers(portal)
if has_services:
    source_requests.answer_asking(portal)
    gallery(
        cards,
        version=version,
        owner=session.browser_owner(),
        asks=source_requests.may_ask(),
    )
elif portal.catalogue().items:
    st.info("No services are allowed here. Ask the people who run this dashboard.")
else:
    st.info(
        "Fivetran shows no services to this API key. Check the key's permissions, then try again."
    )
