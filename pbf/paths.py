"""Where what is served beside the pages lies, and how long what addresses ask for may be."""

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
# Fivetran's ids have about 20 characters. A longer one names nothing and is not even read.
LONGEST_ID = 200
LONGEST_SEARCH = 200


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path is one of the prefixes or lies below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
