"""The first screen, which comes with the page itself; what Streamlit draws later belongs elsewhere."""
