"""Who may send a request, and the routes of teams, memberships and system keys."""
