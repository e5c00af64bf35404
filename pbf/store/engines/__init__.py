"""Connections to SQLite and PostgreSQL: how they open, their limits of time, and their clock."""
