"""Probes of liveness and readiness, for load balancers and orchestrators; not what they look at."""
