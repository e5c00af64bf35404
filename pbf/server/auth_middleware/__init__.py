"""Authentication in front of Streamlit's pages and WebSocket; who may sign in belongs elsewhere."""
