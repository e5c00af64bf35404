"""A page that runs by itself, with a button; it asks for its identity when run from the top."""

import streamlit as st

from pbf.server.streamlit_patches import FOLLOW
from tests.browser.auth_middleware import counts

# Runs the fragment around it again and again, as the component `follow` does after a change.
follow = st.components.v2.component(
    "ticking",
    js="""
export default function tick({ data, setTriggerValue }) {
  setTimeout(() => setTriggerValue("changed", true), 200);
}
""",
)

session_id = st.user.get("session")
counts.pages[str(session_id)] += 1
if session_id is None or not counts.is_valid(session_id):
    st.write("Your session has ended. Sign in again.")
    st.stop()

st.write(f"Signed in as {session_id}")
st.session_state.setdefault("clicked", "no")


@st.fragment
def ticking() -> None:
    """Count its runs, and say whether the button was clicked."""
    counts.fragments[session_id] += 1
    follow(key=FOLLOW, data=counts.fragments[session_id], on_changed_change=lambda: None)
    if st.button("Click"):
        st.session_state.clicked = "yes"
        st.query_params["clicked"] = "yes"
    st.write(f"Clicked: {st.session_state.clicked}")


ticking()
