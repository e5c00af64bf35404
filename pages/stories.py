"""Stories: demonstrations on the embedded sandbox, each played step by step."""

import streamlit as st

from pbf.ui import page
from pbf.ui.stories import chooser

visitor = page.open_page("Stories")
st.title("Stories", anchor=False)
chooser.show_all(visitor)
