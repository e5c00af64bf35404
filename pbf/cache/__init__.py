"""The cache that all sessions share: entries, Redis, serializer. It does not know the API."""
