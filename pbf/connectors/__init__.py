"""What one tenant may do with its connectors; no HTTP of ours and no screens."""
