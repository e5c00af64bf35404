"""Limits of connections and descriptors for both servers; what is sent on them lies elsewhere."""
