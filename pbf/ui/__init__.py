"""Streamlit code that pages share; no page and no decision about connectors."""
