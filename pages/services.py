"""Services: find what to connect."""

import streamlit as st

from pbf.components.gallery import gallery
from pbf.errors import PbfError
from pbf.ui import data, page

page.start_page("Services")

try:
    cards, version = data.gallery()
    some = bool(data.services().items)
    page.follow_age(lambda: (data.services(), data.connectors()))
except PbfError as error:
    page.stop_with(error)

st.title("Connect a source", anchor=False)
if some:
    gallery(cards, version=version)
else:
    st.info(
        "Fivetran shows no services to this API key. Check the key's permissions, then try again."
    )
