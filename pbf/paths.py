"""Where what is served beside the pages lies, and how long what addresses ask for may be."""

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
# Fivetran's ids have about 20 characters. A longer one names nothing and is not even read.
LONGEST_ID = 200
LONGEST_SEARCH = 200


def absolute(url: str, public_url: str) -> str:
    """Return a URL for any host; the embedded sandbox gives paths of our own."""
    is_path = url.startswith("/") and not url.startswith("//")
    return f"{public_url}{url}" if is_path else url


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path is one of the prefixes or lies below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)
