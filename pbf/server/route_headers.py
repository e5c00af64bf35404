"""The headers of every response of the routes: caching, security, request id, and CORS."""

from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from pbf.config import Settings
from pbf.logs import request_id
from pbf.server.security_headers import ROUTES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "Content-Type, Idempotency-Key, If-None-Match"
RESPONSE_HEADERS = "Age, Content-Disposition, ETag, Retry-After, X-Request-Id"
MAX_AGE = "600"
# Unless the route sets its own.
DEFAULTS = (("Cache-Control", "private, no-cache"), *ROUTES.items())


class AddRouteHeaders:
    """WSGI middleware: adds the headers, and lets only pages of allowed origins read responses."""

    def __init__(self, app: "WSGIApplication", read: Callable[[], Settings]) -> None:
        """Wrap `app`; `read` returns the settings with the allowed origins."""
        self._app = app
        self._read = read

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a preflight request, or pass the request to the app and add the headers."""
        allowed = self._read().allowed_origins
        cors_headers = _cors_headers(environ, allowed)
        if cors_headers and _is_preflight(environ):
            start_response("204 No Content", [*cors_headers, *_vary([])])
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            present = {name for name, _ in headers}
            missing = [pair for pair in DEFAULTS if pair[0] not in present]
            if allowed:
                headers = [*_vary(headers), *cors_headers]
            return start_response(
                status, [*headers, *missing, ("X-Request-Id", request_id())], *rest
            )

        # In a context of its own: actor, client and request id end with the request.
        return copy_context().run(self._app, environ, start)


def _is_preflight(environ: "WSGIEnvironment") -> bool:
    has_method = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return has_method and environ["REQUEST_METHOD"] == "OPTIONS"


def _cors_headers(environ: "WSGIEnvironment", allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    sender = environ.get("HTTP_ORIGIN")
    if sender not in allowed:
        return []
    allow_origin = ("Access-Control-Allow-Origin", sender)
    if not _is_preflight(environ):
        return [allow_origin, ("Access-Control-Expose-Headers", RESPONSE_HEADERS)]
    return [
        allow_origin,
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", REQUEST_HEADERS),
        ("Access-Control-Max-Age", MAX_AGE),
    ]


def _vary(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers with Origin in Vary, since the response depends on it."""
    others = [pair for pair in headers if pair[0].lower() != "vary"]
    values = [value for name, value in headers if name.lower() == "vary"]
    return [*others, ("Vary", ", ".join([*values, "Origin"]))]
