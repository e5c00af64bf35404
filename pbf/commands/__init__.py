"""What `python -m pbf` can do, a module each; the parser is in __main__."""
