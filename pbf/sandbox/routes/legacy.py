"""The older path family, where today's paths say connections, and the two calls only it has."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card import links
from pbf.sandbox.core.http import OLDER, as_json, body, world
from pbf.sandbox.resources import connections
from pbf.sandbox.routes.connections import found, triggered

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

routes = Blueprint("older", __name__, url_prefix="/v1/connectors")

TODAY = (
    (re.compile(r"/v1/connectors(?![^/])"), "/v1/connections"),
    (re.compile(r"/v1/metadata/connectors(?![^/])"), "/v1/metadata/connector-types"),
    (re.compile(r"/v1/(groups|users|teams)/([^/]+)/connectors(?![^/])"), r"/v1/\1/\2/connections"),
)
OLDER_ONLY = re.compile(r"/v1/connectors/[^/]+/(force|connect-card-token)/?")


@routes.post("/<connection_id>/connect-card-token")
def create_card_token(connection_id: str) -> ResponseReturnValue:
    """Return a card's token alone, without an envelope; the caller makes the address."""
    connection = found(connection_id)
    return as_json({"code": "Success", "token": links.token_for(world(), connection)})


@routes.post("/<connection_id>/force")
def force_sync(connection_id: str) -> ResponseReturnValue:
    """Start a sync, as clients did before there was `/sync`."""
    connection = found(connection_id)
    body(optional=True)
    connections.sync(world(), connection)
    return triggered(connection)


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
