"""Incidents, promises, and the status page of a tenant."""
