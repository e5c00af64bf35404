"""What is carried out at its time: due deletions, and pauses and resumptions as planned."""
