"""The ways to the Connect Card: from our pages, and by a link for a colleague."""
