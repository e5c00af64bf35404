"""Webhooks: who wants to hear what, and telling them; no API routes."""
