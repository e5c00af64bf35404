"""Benchmarks: each figure is printed as a ratio to its floor, the least that it could be."""
