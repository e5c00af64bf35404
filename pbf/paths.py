"""Folders, URL prefixes, the maximum lengths of ids, and how hosts and origins compare."""

from ipaddress import IPv6Address, ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

PACKAGE = Path(__file__).parent
# Where app.py, pages/ and .streamlit/ are: inside the package when a wheel was installed, and
# otherwise, in a checkout, beside it.
DASHBOARD = PACKAGE / "dashboard" if (PACKAGE / "dashboard").is_dir() else PACKAGE.parent

PREFIX = "/_"
SANDBOX_PATH = "/sandbox"
# Below PREFIX.
WEBHOOK_PATH = "/hooks/fivetran"
# Fivetran's ids have about 20 characters; much longer ones are refused unread.
LONGEST_ID = 200
LONGEST_SEARCH = 200
# The address of a page to open after sign-in has to fit into a cookie.
LONGEST_PAGE = 2_000


# The first segments of our own paths: of the pages, the routes, the sandbox, and Streamlit. Where a
# proxy has removed the prefix, a prefix that begins with one would be mistaken for it.
RESERVED = frozenset(
    {
        *("overview", "services", "connectors", "incidents", "activity", "notifications"),
        *("people", "policy", "tenants", "source_requests", "jobs"),
        *("connect", "connector", "tables", "promises", "stories"),
        *("_", "sandbox", "_stcore", "static", "media", "component"),
    }
)


def path_of(url: str | None) -> str:
    """Return the path of the dashboard's address: the prefix of all our paths, "" at the root."""
    return urlsplit(url or "").path.rstrip("/")


def without_prefix(path: str, prefix: str) -> str:
    """Return the path of a request as our own path, also if a proxy has removed the prefix."""
    return path[len(prefix) :] if lies_within(path, prefix) else path


def with_prefix(address: str, prefix: str) -> str:
    """Return our own path as a browser requests it; other addresses stay as they are."""
    is_path = address.startswith("/") and not address.startswith("//")
    return (
        address if not is_path or lies_within(urlsplit(address).path, prefix) else prefix + address
    )


def from_page(path: str) -> str:
    """Return our own path relative to any of our pages, which are one level below the prefix."""
    return f".{path}" if path.startswith("/") else path


def absolute(url: str, public_url: str) -> str:
    """Return a URL for any host; the embedded sandbox gives paths of our own."""
    is_path = url.startswith("/") and not url.startswith("//")
    return f"{public_url}{url}" if is_path else url


def lies_within(path: str, *prefixes: str) -> bool:
    """Return whether a path equals one of the prefixes or is below one."""
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in prefixes)


def own_page(address: str) -> str:
    """Return a path of one of our own pages, with its query; `/` for any other address.

    Browsers read `//host` and `/\\host` as another site, and drop line breaks and dot segments. The
    path may have the prefix, below which a segment `_` leads to the routes.
    """
    is_path = address.startswith("/") and not address.startswith("//") and "\\" not in address
    is_printable = all("!" <= letter <= "~" for letter in address)
    if not is_path or not is_printable or len(address) > LONGEST_PAGE:
        return "/"
    path = unquote(urlsplit(address).path)
    segments = path.split("/")
    if {"_", ".", ".."} & set(segments):
        return "/"
    return address


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is a loopback name of this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def loopback_origin(host: str, port: int, scheme: str = "http") -> str:
    """Return the origin at which a server that listens on a host is reached from this machine."""
    name = host if is_loopback(host) else "127.0.0.1"
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"


def host_as_sent(name: str) -> str:
    """Return a host name in the form in which browsers send it: IDNA, or a compressed address."""
    try:
        return str(IPv6Address(name))
    except ValueError:
        pass
    try:
        return name.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        return name


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, as browsers compare them.

    Raises ValueError if it is not an absolute http or https URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("not an http or https URL")
    standard = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in (None, standard) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
