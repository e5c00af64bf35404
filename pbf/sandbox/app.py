"""The sandbox as a Flask app."""

from copy import copy
from functools import cache

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pbf.sandbox import routes
from pbf.sandbox.connect_card import pages
from pbf.sandbox.control import fault_injection
from pbf.sandbox.control import routes as control_routes
from pbf.sandbox.core import http
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.routes.legacy import OlderPaths
from pbf.sandbox.sandbox import Sandbox

LARGEST_BODY = 1024 * 1024


def create_app(
    world: Sandbox,
    *,
    public_url: str | None = None,
    open_control: bool = False,
    close_control: bool = False,
) -> Flask:
    """Return the app that shows a world; its links start with the public URL, if one is given.

    Only this machine may use `/_control`, unless it is open; if it is closed, nobody may.
    """
    app = copy(_app())
    app.config = copy(app.config)
    app.extensions = {
        "public_url": public_url,
        "open_control": open_control,
        "close_control": close_control,
    }
    show(app, world)
    app.wsgi_app = OlderPaths(app.wsgi_app)  # type: ignore[method-assign]
    fault_injection.install(app, world, world.control)
    return app


def show(app: Flask, world: Sandbox) -> None:
    """Let the routes of an app find a world, its control and its webhooks."""
    app.extensions.update(world=world, control=world.control, webhooks=world.webhooks)


@cache
def _app() -> Flask:
    """Return the app without a world: its 200 routes take longer to compile than a test to run."""
    app = Flask("pbf.sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(fault_injection.record_route)
    app.before_request(http.authorise)
    app.after_request(http.add_rate_limit)
    app.after_request(_protect)
    app.register_error_handler(SandboxError, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    routes.register(app)
    app.register_blueprint(pages.routes)
    app.register_blueprint(control_routes.routes)
    return app


def _protect(response: Response) -> Response:
    """Refuse framing and foreign content on pages that have no headers of their own for it."""
    if response.mimetype == "text/html":
        for name, value in pages.BARE.items():
            response.headers.setdefault(name, value)
    return response


def _refusal(error: SandboxError) -> Response:
    response = http.as_json({"code": error.code, "message": error.message}, error.status)
    response.headers.update(error.headers())
    return response


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    code = {404: "NotFound", 405: "MethodNotAllowed", 413: "PayloadTooLarge"}.get(status, "Error")
    message = f"HTTP {status} {error.name}: {request.method} {request.path}"
    response = http.as_json({"code": code, "message": message}, status)
    allowed = dict(error.get_headers()).get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response
