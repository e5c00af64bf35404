"""The commands of `python -m pbf`, one module each; the parser is in __main__."""
