"""The migrations, each a module with `upgrade`."""
