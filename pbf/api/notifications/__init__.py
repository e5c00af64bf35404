"""Routes for the channels of notifications."""
