"""The sandbox as a Flask app."""

from copy import copy
from functools import cache

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pbf.sandbox import collections, routes
from pbf.sandbox.connect_card import pages
from pbf.sandbox.control import fault_middleware
from pbf.sandbox.control import routes as control_routes
from pbf.sandbox.core import http
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.routes.access import authorisation
from pbf.sandbox.routes.legacy import LegacyPaths
from pbf.sandbox.sandbox import Sandbox

LARGEST_BODY = 1024 * 1024


def create_app(
    world: Sandbox,
    *,
    public_url: str | None = None,
    open_control: bool = False,
    close_control: bool = False,
) -> Flask:
    """Return the app that serves a world; its links start with the public URL, if given.

    `/_control` answers only this machine, any machine if it is open, and nobody if it is closed.
    """
    app = copy(_app())
    app.config = copy(app.config)
    app.extensions = {
        "public_url": public_url,
        "open_control": open_control,
        "close_control": close_control,
    }
    serve_world(app, world)
    app.wsgi_app = LegacyPaths(app.wsgi_app)  # type: ignore[method-assign]
    fault_middleware.install(app, world, world.control)
    return app


def serve_world(app: Flask, world: Sandbox) -> None:
    """Make an app serve a world, its control and its webhooks."""
    app.extensions.update(world=world, control=world.control, webhooks=world.webhooks)


@cache
def _app() -> Flask:
    """Return the app without a world; cached, since its 200 routes are slow to compile."""
    app = Flask("pbf.sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(fault_middleware.record_route)
    app.before_request(authorisation.authorise)
    app.after_request(http.add_rate_limit)
    app.after_request(_protect)
    app.register_error_handler(SandboxError, _sandbox_error)
    app.register_error_handler(HTTPException, _http_error)
    routes.register(app)
    collections.register(app)
    app.register_blueprint(pages.routes)
    app.register_blueprint(control_routes.routes)
    return app


def _protect(response: Response) -> Response:
    """Add security headers to pages that do not set their own."""
    if response.mimetype == "text/html":
        for name, value in pages.BARE.items():
            response.headers.setdefault(name, value)
    return response


def _sandbox_error(error: SandboxError) -> Response:
    response = http.as_json({"code": error.code, "message": error.message}, error.status)
    response.headers.update(error.headers)
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
