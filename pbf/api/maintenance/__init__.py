"""Routes for planned pauses and resumptions."""
