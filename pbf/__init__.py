"""Self-service data connections for companies that run on Fivetran."""

__version__ = "0.1.0"
