"""A page with a timer and a button, which asks for its identity only when it runs from the top."""

import streamlit as st

from tests.browser.auth_middleware import counts

session_id = st.user.get("session")
counts.pages[str(session_id)] += 1
if session_id is None or not counts.is_valid(session_id):
    st.write("Your session has ended. Sign in again.")
    st.stop()

st.write(f"Signed in as {session_id}")
st.session_state.setdefault("clicks", 0)


@st.fragment(run_every=0.2)
def timer() -> None:
    """Count the runs of a timer and its clicks."""
    counts.fragments[session_id] += 1
    if st.button("Click"):
        st.session_state.clicks += 1
        st.query_params["clicks"] = str(st.session_state.clicks)
    st.write(f"Clicked {st.session_state.clicks} times")


timer()
