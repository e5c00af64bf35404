"""The script of the floor: two pages, the least that Streamlit can show."""

import streamlit as st


def empty() -> None:
    """Show a word."""
    st.write("empty")


def table() -> None:
    """Show ten rows."""
    st.dataframe({"name": [f"row {number}" for number in range(10)], "number": list(range(10))})


st.navigation(
    [st.Page(empty, default=True), st.Page(table, url_path="table")], position="hidden"
).run()
