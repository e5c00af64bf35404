"""Show API on the pages: marks, the dialog of an operation, and the calls of the session."""
