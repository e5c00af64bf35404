"""The script of the floor: three pages, the least that Streamlit can show."""

import streamlit as st

NAMES = ("shopify", "google_ads", "stripe", "gong", "zendesk", "google_drive", "jira", "github")
NAMES += ("slack", "google_sheets")
STATES = ("Working", "Paused")


def empty() -> None:
    """Show a word."""
    st.write("empty")


def table() -> None:
    """Show ten rows."""
    st.dataframe({"name": [f"row {number}" for number in range(10)], "number": list(range(10))})


def desk() -> None:
    """Show ten rows with Streamlit's own means to search, filter, sort and choose them."""
    typed = st.text_input("Search", live=True)
    state = st.pills("Status", STATES)
    rows = [(name, STATES[at % 2]) for at, name in enumerate(NAMES) if typed.lower() in name]
    shown = [row for row in rows if state in (None, row[1])]
    names, states = [name for name, _ in shown], [state for _, state in shown]
    chosen = st.dataframe(
        {"name": names, "status": states},
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
    )
    st.write(f"{len(chosen.selection.rows)} of {len(shown)} chosen")


st.navigation(
    [
        st.Page(empty, default=True),
        st.Page(table, url_path="table"),
        st.Page(desk, url_path="desk"),
    ],
    position="hidden",
).run()
