"""Watching connectors: promises of freshness, incidents, and who is notified of them."""
