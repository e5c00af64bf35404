"""Routes of the sync history."""
