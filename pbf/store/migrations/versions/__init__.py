"""The steps, each a module with `upgrade`."""
