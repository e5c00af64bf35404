"""Sign-in with OpenID Connect: the flow, its state, what providers publish, and their tokens."""
