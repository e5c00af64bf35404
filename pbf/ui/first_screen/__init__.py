"""The first screen, which comes with the page; what Streamlit draws later belongs elsewhere."""
