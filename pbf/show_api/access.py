"""Who may switch Show API on, and the cookie that remembers it."""

COOKIE = "pbf-show-api"
ON = "on"


def is_allowed(*, is_sandbox: bool, is_operator: bool) -> bool:
    """Return whether somebody may see the calls: on a sandbox everybody, else operators alone."""
    return is_sandbox or is_operator
