"""The cache that all sessions share: entries, backends, serializer. It does not know the API."""
