"""Which cookies of a request may hold a session."""

import re
from collections import Counter
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from pbf.paths import is_loopback
from pbf.server.host_header import host_name

# The browser accepts these only over https, without Domain and from this host itself.
COOKIE = "__Host-pbf"
FRAME_COOKIE = "__Host-pbf-frame"
# Any site of a shared domain could set this one, so it counts only on this machine.
LOOPBACK_COOKIE = "pbf"
VALUE = re.compile(r"[A-Za-z0-9_-]{1,200}")


def session_cookies(scope: Scope, public_url: str | None) -> dict[str, str]:
    """Return the cookies that may hold a session, in the order in which they count.

    A name that occurs several times is left out: nothing shows which one we have set.
    """
    headers = Headers(scope=scope)
    pairs = [
        (name.strip(), value.strip())
        for header in headers.getlist("cookie")
        for name, _, value in (part.partition("=") for part in header.split(";"))
    ]
    counts = Counter(name for name, _ in pairs)
    values = {name: value for name, value in pairs if counts[name] == 1 and VALUE.fullmatch(value)}
    return {name: values[name] for name in _names(scope, headers, public_url) if name in values}


def _names(scope: Scope, headers: Headers, public_url: str | None) -> tuple[str, ...]:
    is_plain = scope.get("scheme") in ("http", "ws") and is_local(public_url)
    if is_plain and is_loopback(host_name(headers.get("host", "")) or ""):
        return COOKIE, LOOPBACK_COOKIE, FRAME_COOKIE
    return COOKIE, FRAME_COOKIE


def is_local(public_url: str | None) -> bool:
    """Return whether people open the dashboard on this machine alone, without TLS.

    A proxy on this machine may request it under a loopback name, too.
    """
    parts = urlsplit(public_url or "http://localhost")
    return parts.scheme == "http" and is_loopback(parts.hostname or "")
