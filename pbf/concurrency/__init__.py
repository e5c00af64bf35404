"""Threads and processes: who may wait, how writes end before the process does, signs of life."""
