"""Sync history from three sources: the history endpoint, webhooks, and differences of lists."""
