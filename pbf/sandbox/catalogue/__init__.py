"""The imitated services: facts and data files, nothing that changes."""
