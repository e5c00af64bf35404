"""Promises about fresh data, and what counts as an incident."""
