"""Self-service data connections for companies that run on Fivetran."""
