"""The parts of the People screen: members, invitations, sessions and API tokens."""
