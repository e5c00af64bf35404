"""The migrations of the store's tables; the store applies missing ones at start."""
