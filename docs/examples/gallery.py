"""Choose a service in your own app: `streamlit run gallery.py`."""

import streamlit as st

from pbf.components.gallery import service_gallery
from pbf.connection import FivetranConnection

fivetran = st.connection("fivetran", type=FivetranConnection)
st.header("Connect a source")
service = service_gallery(fivetran.services(), key="service")
if service:
    st.subheader(service["name"])
    st.write(service["description"])
