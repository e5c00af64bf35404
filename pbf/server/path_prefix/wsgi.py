"""The prefix for the WSGI apps: the routes and the embedded sandbox."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pbf.config import Settings, load_addresses
from pbf.paths import path_of, with_prefix, without_prefix

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class UnderPrefix:
    """WSGI middleware: the app is mounted at the prefix, which it finds in SCRIPT_NAME."""

    def __init__(
        self, app: "WSGIApplication", read: Callable[[], Settings] = load_addresses
    ) -> None:
        """Wrap `app`; `read` returns the settings with our address."""
        self._app = app
        self._prefix = path_of(read().public_url)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request to the app, and add the prefix where it redirects to."""
        prefix = self._prefix
        if not prefix:
            return self._app(environ, start_response)
        mounted = {
            **environ,
            "SCRIPT_NAME": prefix + environ.get("SCRIPT_NAME", ""),
            "PATH_INFO": without_prefix(environ.get("PATH_INFO", ""), prefix),
        }

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(
                status,
                [
                    (name, with_prefix(value, prefix) if name.lower() == "location" else value)
                    for name, value in headers
                ],
                *rest,
            )

        return self._app(mounted, start)
