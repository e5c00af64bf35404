"""Stories on the embedded sandbox, for demonstrations; never on an account."""
