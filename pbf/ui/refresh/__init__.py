"""How an open page follows what changes."""
