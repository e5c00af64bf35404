"""Many creations at once, while the API loses answers and processes are killed."""
