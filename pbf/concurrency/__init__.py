"""Threads and processes: who waits for how long, ends of writes and processes, signs of life."""
