"""The script of the floor: three minimal Streamlit pages."""

import streamlit as st

NAMES = (
    *("shopify", "google_ads", "stripe", "gong", "zendesk", "google_drive", "jira", "github"),
    *("slack", "google_sheets"),
)
STATES = ("Working", "Paused")


def empty() -> None:
    """Show one word."""
    st.write("empty")


def table() -> None:
    """Show ten rows."""
    st.dataframe({"name": [f"row {number}" for number in range(10)], "number": list(range(10))})


def search_table() -> None:
    """Show ten rows that Streamlit's own widgets search, filter, sort and select."""
    query = st.text_input("Search", live=True)
    state = st.pills("Status", STATES)
    rows = [(name, STATES[at % 2]) for at, name in enumerate(NAMES) if query.lower() in name]
    visible = [row for row in rows if state in (None, row[1])]
    names, states = [name for name, _ in visible], [state for _, state in visible]
    selected = st.dataframe(
        {"name": names, "status": states},
        hide_index=True,
        selection_mode="multi-row",
        on_select="rerun",
    )
    st.write(f"{len(selected.selection.rows)} of {len(visible)} selected")


st.navigation(
    [
        st.Page(empty, default=True),
        st.Page(table, url_path="table"),
        st.Page(search_table, url_path="search-table"),
    ],
    position="hidden",
).run()
