"""The route that open tabs ask whether what they show has changed."""
