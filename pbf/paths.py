"""URL prefixes, the maximum lengths of ids and searches, and which hosts are this machine."""

from functools import lru_cache
from ipaddress import ip_address

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
# Fivetran's ids have about 20 characters; much longer ones are refused unread.
LONGEST_ID = 200
LONGEST_SEARCH = 200


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path equals one of the prefixes or is below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback name of this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
