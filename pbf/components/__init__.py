"""Browser components, each with its scripts and styles; nothing else of ours."""
