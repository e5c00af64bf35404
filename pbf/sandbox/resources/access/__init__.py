"""Access control: teams, memberships, system keys, and what each key may do; no HTTP."""
