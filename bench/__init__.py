"""Measurements, each printed as a ratio against its floor: python -m bench.<name>."""
