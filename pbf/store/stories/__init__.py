"""What is set aside while a story is played on the embedded sandbox."""
