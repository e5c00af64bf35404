"""The commands of `python -m pbf`, one module each; the parser is in command_line."""
