"""Routes for admins and operators: tenants, their people and tokens. Connectors are elsewhere."""
