"""What is stored to watch connectors: promises, incidents, channels and notifications."""
