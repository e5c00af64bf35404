"""The older path family: connectors where today's paths say connections."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OLDER = "sandbox.older"
TODAY = (
    (re.compile(r"/v1/connectors(?![^/])"), "/v1/connections"),
    (re.compile(r"/v1/metadata/connectors(?![^/])"), "/v1/metadata/connector-types"),
    (re.compile(r"/v1/(groups|users|teams)/([^/]+)/connectors(?![^/])"), r"/v1/\1/\2/connections"),
)
OLDER_ONLY = re.compile(r"/v1/connectors/[^/]+/(force|connect-card-token)/?")


def today(path: str) -> str:
    """Return today's path for an older one; any other path as it is."""
    for older, newer in TODAY:
        if older.match(path):
            return older.sub(newer, path, count=1)
    return path


class OlderPaths:
    """Leads requests of the older path family to today's routes, and marks them."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Stand in front of an app."""
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on."""
        path = environ.get("PATH_INFO", "")
        newer = today(path)
        if newer != path:
            environ[OLDER] = path
            if not OLDER_ONLY.fullmatch(path):
                environ["PATH_INFO"] = newer
        return self._app(environ, start_response)
