"""What every route of the JSON door stands on: the runtime, our address, and who may change things.

Until there is sign-in, a page of another origin that somebody happens to have open must not be
able to act here through their browser.
"""

import logging
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, request
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wsgi import get_host

from pbf.answers import refusal
from pbf.config import Settings, origin
from pbf.headers import ROUTES
from pbf.logs import begin, forget, request_id
from pbf.runtime import Runtime
from pbf.who import WHO

log = logging.getLogger(__name__)

CARRIED = (("Cache-Control", "private, no-cache"), *ROUTES.items())
# Who comes through these is no program.
PEOPLE = {
    "routes.go": "page",
    "routes.come_back": "page",
    "invitations.invite": "link",
    "invitations.come_back": "link",
}
FOREIGN_ORIGIN = (403, "foreign_origin")
READING = frozenset({"GET", "HEAD", "OPTIONS"})


def opened() -> Runtime:
    """Return the runtime that this app serves."""
    found: Runtime = current_app.extensions["pbf"]()
    return found


def public_url() -> str:
    """Return where callers reach us, without a slash at the end."""
    return base_of(opened().settings, request.environ)


def base_of(settings: Settings, environ: dict[str, Any]) -> str:
    """Return where the caller of a request (WSGI) reaches us, without a slash at the end."""
    return settings.public_url or f"{environ['wsgi.url_scheme']}://{get_host(environ)}"


def allowed_origins() -> tuple[str, ...]:
    """Return our own origin and those that the settings allow."""
    return (origin(public_url()), *opened().settings.allowed_origins)


def guard() -> Response | None:
    """Refuse to change anything for a page of another origin, or by a body that is not JSON."""
    WHO.set(PEOPLE.get(request.endpoint or "", "route"))
    begin()
    if request.method in READING:
        return None
    sender = request.headers.get("Origin")
    if not (_is_no_foreign_page() if sender is None else _is_allowed(sender)):
        return refusal(
            *FOREIGN_ORIGIN,
            "Pages of other origins may not change anything here. Add the page's origin to "
            "PBF_ALLOWED_ORIGINS, or set PBF_PUBLIC_URL if it is this dashboard's own.",
        )
    # Other types cross origins without the browser asking us first.
    if not request.is_json and (request.mimetype or _has_a_body()):
        raise UnsupportedMediaType
    return None


def protect(response: Response) -> Response:
    """Add the headers that every answer carries."""
    there = {name.lower() for name, _ in response.headers}
    wanted = [*CARRIED, ("X-Request-Id", request_id())]
    response.headers.extend([pair for pair in wanted if pair[0].lower() not in there])
    if request.method not in READING and response.status_code < 400:
        log.info("%s %s: %d", request.method, request.path, response.status_code)
    return response


def leave(_error: BaseException | None = None) -> None:
    """Forget who acted and in which request; the thread goes on to serve others."""
    WHO.set("page")
    forget()


def _has_a_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _is_no_foreign_page() -> bool:
    """Whether a sender who names no origin is a program, or a page of ours."""
    return request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")


def _is_allowed(sender: str) -> bool:
    try:
        wanted = origin(sender)
    except ValueError:
        return False
    if wanted in allowed_origins():
        return True
    # The sample's client is served at http://localhost:3000 by a proxy that passes its requests
    # on to us with the browser's Origin but our own Host. So on one's own machine, where nobody
    # else can be reached from, one port is as good as another.
    return _is_loopback(wanted) and _is_loopback(public_url())


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
