"""Notifications: channels, messages about incidents, and their delivery."""
