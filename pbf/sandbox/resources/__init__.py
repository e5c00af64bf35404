"""What can be done to what the API lists, a module a resource; no HTTP."""
