"""Where what is served beside the pages lies."""

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path is one of the prefixes or lies below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
