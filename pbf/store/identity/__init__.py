"""What the database keeps of people: tenants, memberships, sessions, tokens, sign-in links."""
