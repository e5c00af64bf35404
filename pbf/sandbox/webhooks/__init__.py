"""Webhooks: subscriptions, events and deliveries; no API routes."""
