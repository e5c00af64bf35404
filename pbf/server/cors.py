"""Cross-origin requests (CORS): which pages of other origins may read what the routes answer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pbf.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "Content-Type, Idempotency-Key, If-None-Match"
RESPONSE_HEADERS = "Age, Content-Disposition, ETag, Retry-After, X-Request-Id"
SECONDS_REMEMBERED = "600"


class AllowOrigins:
    """WSGI middleware: lets the pages of the allowed origins read answers, and no others."""

    def __init__(self, app: "WSGIApplication", read: Callable[[], Settings]) -> None:
        """Stand before `app`; the settings that `read` returns name the origins."""
        self._app = app
        self._read = read

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a preflight request, or let the app answer and name the origin."""
        allowed = self._read().allowed_origins
        if not allowed:
            return self._app(environ, start_response)
        granted = _granted(environ, allowed)
        if granted and _is_preflight(environ):
            start_response("204 No Content", [*granted, *_vary([])])
            return []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*_vary(headers), *granted], *rest)

        return self._app(environ, start)


def _is_preflight(environ: "WSGIEnvironment") -> bool:
    asked = "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    return asked and environ["REQUEST_METHOD"] == "OPTIONS"


def _granted(environ: "WSGIEnvironment", allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    sender = environ.get("HTTP_ORIGIN")
    if sender not in allowed:
        return []
    granted = [("Access-Control-Allow-Origin", sender)]
    if not _is_preflight(environ):
        return [*granted, ("Access-Control-Expose-Headers", RESPONSE_HEADERS)]
    return [
        *granted,
        ("Access-Control-Allow-Methods", METHODS),
        ("Access-Control-Allow-Headers", REQUEST_HEADERS),
        ("Access-Control-Max-Age", SECONDS_REMEMBERED),
    ]


def _vary(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers that tell caches that the answer depends on the origin."""
    others = [pair for pair in headers if pair[0].lower() != "vary"]
    named = [value for name, value in headers if name.lower() == "vary"]
    return [*others, ("Vary", ", ".join([*named, "Origin"]))]
