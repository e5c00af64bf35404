"""Fivetran's API: paths, parsing and transport; no decision about what it says."""
