"""The audit log: how it is written, also while the database takes nothing, and read."""
