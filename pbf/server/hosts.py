"""Which hosts we answer for: loopback names, and those that the settings name.

A page of any site can have its own name resolved to this machine (DNS rebinding). The browser then
takes our answers for that site's, and only the Host header tells us so.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, NamedTuple

from pbf.config import Settings, is_loopback, load_addresses
from pbf.logs import begin_request
from pbf.paths import PREFIX, lies_within

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# A name or an IPv4 address, or an IPv6 address in brackets, and perhaps a port.
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::([0-9]{1,5}))?")
HIGHEST_PORT = 65535


class Refusal(NamedTuple):
    """Why a request is not answered: for the status line, for programs, and for people."""

    status: int
    code: str
    message: str

    @property
    def line(self) -> str:
        """Return the status as WSGI wants it."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


MALFORMED = Refusal(400, "invalid_host", "The Host header is missing or not a valid host name.")
UNKNOWN = Refusal(
    421,
    "unknown_host",
    "This server does not answer for this host name. Set PBF_PUBLIC_URL to the address where "
    "people reach it, or add the host name to PBF_ALLOWED_HOSTS.",
)


@lru_cache(maxsize=256)
def host_name(header: str) -> str | None:
    """Return the name or address in a Host header, without its port; None if it is malformed."""
    match = HOST.fullmatch(header)
    if match is None or int(match[3] or 0) > HIGHEST_PORT:
        return None
    if match[1] is None:
        return match[2].lower().rstrip(".") or None
    try:
        return str(IPv6Address(match[1]))
    except ValueError:
        return None


def refusal_of(header: str | None, hosts: frozenset[str]) -> Refusal | None:
    """Return why a Host header is refused where `hosts` are ours besides loopback, if it is."""
    name = host_name(header) if header else None
    if name is None:
        return MALFORMED
    return None if name in hosts or is_loopback(name) else UNKNOWN


def refused(path: str, refusal: Refusal) -> tuple[list[tuple[str, str]], bytes]:
    """Return headers and body of a refusal: JSON for the routes, plain text for anything else."""
    request_id = begin_request()
    log.info("a request refused: %d %s", refusal.status, refusal.code)
    kind, text = "text/plain; charset=utf-8", f"{refusal.message}\n"
    if lies_within(path, PREFIX):
        error = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
        kind, text = "application/json", json.dumps({"error": error})
    body = text.encode()
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-Id", request_id),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return headers, body


class CheckHost:
    """WSGI middleware: refuses requests for hosts that are not ours."""

    def __init__(
        self, app: "WSGIApplication", read: Callable[[], Settings] = load_addresses
    ) -> None:
        """Stand before `app`; the settings that `read` returns name our hosts."""
        self._app = app
        self._read = read

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Refuse, or let the app answer."""
        header = environ.get("HTTP_HOST")
        # The settings are asked for only where loopback alone does not decide.
        refusal = refusal_of(header, frozenset())
        if refusal is UNKNOWN:
            refusal = refusal_of(header, self._read().hosts)
        if refusal is None:
            return self._app(environ, start_response)
        headers, body = refused(environ.get("PATH_INFO", ""), refusal)
        start_response(refusal.line, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
