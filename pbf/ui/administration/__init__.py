"""Pages for operators and admins: tenants, policies, requests for sources; no connectors."""
