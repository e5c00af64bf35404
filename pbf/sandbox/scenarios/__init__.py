"""Scenarios: worlds and what happens in them at set times, as YAML files."""
