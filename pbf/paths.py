"""URL prefixes of the JSON API and the sandbox, and the maximum lengths of ids and searches."""

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
# Fivetran's ids have about 20 characters; much longer ones are refused unread.
LONGEST_ID = 200
LONGEST_SEARCH = 200


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path equals one of the prefixes or is below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
