"""Who may act on a tenant's connectors, and how often; what the actions do belongs elsewhere."""
