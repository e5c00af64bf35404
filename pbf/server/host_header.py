"""Which hosts this server answers for: loopback names and the hosts in the settings.

Any site can have its own name resolve to this machine (DNS rebinding). The browser then treats our
responses as that site's; only the Host header shows it.
"""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

from pbf.config import Settings, load_addresses
from pbf.paths import is_loopback
from pbf.server.refusals import Refusal, refusal_response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A name, an IPv4 address, or an IPv6 address in brackets; then an optional port.
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
HIGHEST_PORT = 65535


MALFORMED = Refusal(400, "invalid_host", "The Host header is missing or not a valid host name.")
UNKNOWN = Refusal(
    421,
    "unknown_host",
    "This server does not answer for this host name. Set PBF_PUBLIC_URL to the address where "
    "people reach it, or add the host name to PBF_ALLOWED_HOSTS.",
)


def host_name(header: str) -> str | None:
    """Return the name or address in a Host header without its port; None if malformed."""
    match = HOST.fullmatch(header)
    if match is None or int(match[3] or 0) > HIGHEST_PORT:
        return None
    if match[1] is None:
        return match[2].lower().rstrip(".") or None
    try:
        return str(IPv6Address(match[1]))
    except ValueError:
        return None


@lru_cache(maxsize=256)
def check_host(header: str | None, hosts: frozenset[str]) -> Refusal | None:
    """Return why a Host header is refused; None for loopback names and `hosts`."""
    name = host_name(header) if header else None
    if name is None:
        return MALFORMED
    return None if name in hosts or is_loopback(name) else UNKNOWN


class CheckHost:
    """WSGI middleware: refuses requests for hosts that are not ours."""

    def __init__(
        self, app: "WSGIApplication", read: Callable[[], Settings] = load_addresses
    ) -> None:
        """Wrap `app`; `read` returns the settings with our hosts."""
        self._app = app
        self._read = read

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Refuse the request, or pass it to the app."""
        header = environ.get("HTTP_HOST")
        # The settings are read only if the host is not a loopback name.
        refusal = check_host(header, frozenset())
        if refusal is UNKNOWN:
            refusal = check_host(header, self._read().hosts)
        if refusal is None:
            return self._app(environ, start_response)
        headers, body = refusal_response(environ.get("PATH_INFO", ""), refusal)
        start_response(refusal.line, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
