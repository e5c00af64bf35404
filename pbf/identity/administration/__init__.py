"""What admins and operators may do with people, API tokens and tenants. No connectors here."""
