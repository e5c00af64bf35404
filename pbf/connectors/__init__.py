"""What one tenant may do with its connectors; no routes and no screens."""
