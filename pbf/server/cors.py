"""Cross-origin requests (CORS): which pages of other origins may read the routes' responses."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pbf.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "Content-Type, Idempotency-Key, If-None-Match"
RESPONSE_HEADERS = "Age, Content-Disposition, ETag, Retry-After, X-Request-Id"
MAX_AGE = "600"


class AllowOrigins:
    """WSGI middleware: lets pages of the allowed origins, and no others, read the responses."""

    def __init__(self, app: "WSGIApplication", read: Callable[[], Settings]) -> None:
        """Wrap `app`; `read` returns the settings with the allowed origins."""
        self._app = app
        self._read = read

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a preflight request, or pass the request to the app and add the CORS headers."""
        allowed = self._read().allowed_origins
        if not allowed:
            return self._app(environ, start_response)
        cors_headers = _cors_headers(environ, allowed)
        if cors_headers and _is_preflight(environ):
            start_response("204 No Content", [*cors_headers, *_vary([])])
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*_vary(headers), *cors_headers], *rest)

        return self._app(environ, start)


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
