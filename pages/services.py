"""Services: find what to connect."""

import streamlit as st

from pbf import data, ui
from pbf.errors import PbfError
from pbf.gallery import gallery

ui.start_page("Services")

try:
    cards, version = data.gallery()
    some = bool(data.services().items)
    ui.follow_age(lambda: (data.services(), data.connectors()))
except PbfError as error:
    ui.stop_with(error)

st.title("Connect a source", anchor=False)
if some:
    gallery(cards, version=version)
else:
    st.info("Fivetran offers this key no services. Check what the key may see, then try again.")
