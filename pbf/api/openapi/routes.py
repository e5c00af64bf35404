"""Routes of the OpenAPI document, and of a page on which to read it and try the routes.

The page is Swagger UI from the package flask-swagger-ui; nothing is loaded from other hosts.
"""

import re
from functools import cache
from importlib.resources import files

from flask import Blueprint, abort, current_app, json, request
from flask.typing import ResponseReturnValue

from pbf.api.openapi.document import document
from pbf.api.openapi.operations import ANY_ROUTE, Operation
from pbf.api.responses import JSON, body_response
from pbf.paths import LONGEST_ID, PREFIX
from pbf.server.compression import Body
from pbf.server.security_headers import DOCS_POLICY

routes = Blueprint("docs", __name__, url_prefix=PREFIX)

ICON, OWN, SWAGGER_UI = "pbf/ui/assets", "pbf/api/assets", "flask_swagger_ui/dist"
FILES = {
    "icon.svg": (ICON, "image/svg+xml"),
    "docs.css": (OWN, "text/css; charset=utf-8"),
    "docs.js": (OWN, "text/javascript; charset=utf-8"),
    "swagger-ui.css": (SWAGGER_UI, "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (SWAGGER_UI, "text/javascript; charset=utf-8"),
}
PLACEHOLDER = re.compile(r"\{([a-z.-]+)\}")


@routes.get("/openapi.json")
@Operation(tag="This server", errors=ANY_ROUTE)
def get_description() -> ResponseReturnValue:
    """Get this OpenAPI document."""
    return body_response(_description(request.script_root), JSON)


@routes.get("/docs")
@routes.get("/docs/")
def show_docs() -> ResponseReturnValue:
    """Show the page with Swagger UI."""
    response = body_response(_page(request.script_root), "text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = DOCS_POLICY
    return response


@routes.get(f"/docs/<string(maxlength={LONGEST_ID}):name>")
def get_file(name: str) -> ResponseReturnValue:
    """Return one of the page's files."""
    if name not in FILES:
        abort(404)
    body = _file(name)
    response = body_response(body, FILES[name][1])
    if request.args.get("v") == body.digest:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@cache
def _description(root: str) -> Body:
    return Body(json.dumps(document(current_app, root=root)).encode())


@cache
def _file(name: str) -> Body:
    return Body(_read(FILES[name][0], name))


@cache
def _page(root: str) -> Body:
    """Return the page, with the prefix and a digest of each file in its link."""
    page = _read(OWN, "docs.html").decode().replace("{root}", root)
    return Body(PLACEHOLDER.sub(lambda match: _file(match[1]).digest, page).encode())


def _read(folder: str, name: str) -> bytes:
    package, _, path = folder.partition("/")
    return files(package).joinpath(path, name).read_bytes()
