"""The legacy paths, which say connectors, and the endpoint that only they have."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card import links
from pbf.sandbox.core.http import LEGACY_PATH, as_json, world
from pbf.sandbox.routes.connections import connection_of_path

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

routes = Blueprint("legacy", __name__, url_prefix="/v1/connectors")

CURRENT_PATHS = (
    (re.compile(r"/v1/connectors(?![^/])"), "/v1/connections"),
    # Not what is below a service: those paths were the Metadata API's, which has ended.
    (re.compile(r"/v1/metadata/connectors(?=(/[^/]*)?/?$)"), "/v1/metadata/connector-types"),
    (re.compile(r"/v1/(groups|users|teams)/([^/]+)/connectors(?![^/])"), r"/v1/\1/\2/connections"),
)
LEGACY_ONLY = re.compile(r"/v1/connectors/[^/]+/connect-card-token/?")


@routes.post("/<connection_id>/connect-card-token")
def create_card_token(connection_id: str) -> ResponseReturnValue:
    """Return a card's token without an envelope; the caller builds the URL."""
    connection = connection_of_path(connection_id)
    return as_json({"code": "Success", "token": links.token_for(world(), connection)})


def current_path(path: str) -> str:
    """Return the current path for a legacy one; any other path unchanged."""
    for legacy, current in CURRENT_PATHS:
        if legacy.match(path):
            return legacy.sub(current, path, count=1)
    return path


class LegacyPaths:
    """WSGI middleware that routes and marks requests to legacy paths."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Wrap an app."""
        self._app = app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on."""
        path = environ.get("PATH_INFO", "")
        current = current_path(path)
        if current != path:
            environ[LEGACY_PATH] = path
            if not LEGACY_ONLY.fullmatch(path):
                environ["PATH_INFO"] = current
        return self._app(environ, start_response)
