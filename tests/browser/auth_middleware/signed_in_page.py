"""A page with a timer and a button, which asks for its identity only when it runs from the top."""

import streamlit as st

from tests.browser.auth_middleware import counts

session_id = st.user.get("session")
counts.pages[str(session_id)] += 1
if session_id is None or not counts.is_valid(session_id):
    st.write("Your session has ended. Sign in again.")
    st.stop()

st.write(f"Signed in as {session_id}")
st.session_state.setdefault("clicked", "no")


@st.fragment(run_every=0.2)
def timer() -> None:
    """Count its runs, and say whether the button was clicked."""
    counts.fragments[session_id] += 1
    if st.button("Click"):
        st.session_state.clicked = "yes"
        st.query_params["clicked"] = "yes"
    st.write(f"Clicked: {st.session_state.clicked}")


timer()
