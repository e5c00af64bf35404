"""Background work: jobs that repeat, each done by one process at a time."""
