"""Incidents and promises on the screens."""
