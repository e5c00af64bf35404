"""The description of the JSON door, and a page to read it and try the routes.

The page is Swagger UI, as the package flask-swagger-ui brings it; nothing is loaded from elsewhere.
"""

import re
from functools import cache
from importlib.resources import files

from flask import Blueprint, Response, abort, json, request
from flask.typing import ResponseReturnValue

from pbf.api.openapi import document
from pbf.api.responses import sent
from pbf.paths import PREFIX
from pbf.server.compression import Body
from pbf.server.security_headers import DOCS_POLICY

routes = Blueprint("docs", __name__, url_prefix=PREFIX)

ICON, OURS, SWAGGER_UI = "pbf/ui/assets", "pbf/api/assets", "flask_swagger_ui/dist"
FILES = {
    "icon.svg": (ICON, "image/svg+xml"),
    "docs.css": (OURS, "text/css; charset=utf-8"),
    "docs.js": (OURS, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (SWAGGER_UI, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (SWAGGER_UI, "text/javascript; charset=utf-8"),
}
PLACE = re.compile(r"\{([a-z.-]+)\}")


@routes.get("/openapi.json")
def get_description() -> ResponseReturnValue:
    """Return the description of all routes."""
    return sent(_description(), "application/json")


@routes.get("/docs")
@routes.get("/docs/")
def show_docs() -> ResponseReturnValue:
    """Show the page to read and try the routes."""
    response = sent(_page(), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response


@routes.get("/docs/<name>")
def get_file(name: str) -> ResponseReturnValue:
    """Return one of the page's own files."""
    if name not in FILES:
        abort(404)
    body = _file(name)
    response: Response = sent(body, FILES[name][1])
    if request.args.get("v") == body.digest:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def _description() -> Body:
    return Body(json.dumps(document()).encode())


@cache
def _file(name: str) -> Body:
    return Body(_read(FILES[name][0], name))


@cache
def _page() -> Body:
    """Return the page, with links that change when the files do."""
    page = _read(OURS, "docs.html").decode()
    return Body(PLACE.sub(lambda place: _file(place[1]).digest, page).encode())


def _read(folder: str, name: str) -> bytes:
    package, _, path = folder.partition("/")
    return files(package).joinpath(path, name).read_bytes()
