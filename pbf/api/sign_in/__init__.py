"""Signing in and out with OpenID Connect: routes, pages and the cookies of a sign-in under way."""
