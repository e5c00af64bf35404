"""The operations on each resource of the API, one module a resource; no HTTP."""
