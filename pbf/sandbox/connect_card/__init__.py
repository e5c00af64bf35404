"""The imitated Connect Card: links, pages and fields; no API routes."""
