"""The imitated Connect Card: its links, pages and fields; no API routes."""
