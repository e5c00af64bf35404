"""What is stored of the past: syncs, what was observed when, and webhooks that arrived."""
