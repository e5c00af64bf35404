"""Fivetran's API: paths, parsing and transport. Decisions about its data are in rules."""
