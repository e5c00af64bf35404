"""Lists with many rows: a search in them, and one page of them at a time."""
