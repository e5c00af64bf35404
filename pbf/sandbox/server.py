"""The sandbox as a Flask app and as a server of its own."""

import signal
import socket
import sys
from contextlib import suppress
from copy import copy
from functools import cache
from threading import Thread
from types import FrameType, TracebackType
from typing import Self

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from pbf.sandbox import routes
from pbf.sandbox.connect_card import pages
from pbf.sandbox.control import fault_injection
from pbf.sandbox.control import routes as control_routes
from pbf.sandbox.core import http
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.core.world import World
from pbf.sandbox.routes.legacy import OlderPaths
from pbf.sandbox.transport import LARGEST_BODY, Server


def create_app(
    world: World,
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
        "world": world,
        "public_url": public_url,
        "open_control": open_control,
        "close_control": close_control,
    }
    app.wsgi_app = OlderPaths(app.wsgi_app)  # type: ignore[method-assign]
    fault_injection.install(app, world)
    return app


@cache
def _app() -> Flask:
    """Return the app without a world: its 200 routes take longer to compile than a test to run."""
    app = Flask("pbf.sandbox", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.url_map.strict_slashes = False
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(fault_injection.note_route)
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


class SandboxServer:
    """A sandbox that listens on a port; a context manager."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        world: World | None = None,
        open_control: bool = False,
        close_control: bool = False,
    ) -> None:
        """Bind to the port, a free one unless given; serving begins with `start`."""
        self.world = world or World()
        self.app = create_app(
            self.world,
            public_url=public_url,
            open_control=open_control,
            close_control=close_control,
        )
        with socket.create_server((host, port)) as bound:
            self._server = Server(self.app, self.world, bound)
        self.url = f"http://{host}:{self._server.port}"
        self._thread: Thread | None = None

    def start(self) -> Self:
        """Serve in a thread of its own and return this server."""
        self.world.control.ended.clear()
        self.world.webhooks.deliveries.start()
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.world.control.ended.set()
        self.world.webhooks.deliveries.stop()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.drop_connections()

    def serve(self) -> None:
        """Serve in the foreground until an interrupt."""
        self.world.webhooks.deliveries.start()
        self._server.serve_forever()

    def __enter__(self) -> Self:
        """Start serving."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(host: str, port: int, *, world: World | None = None, open_control: bool = False) -> None:
    """Serve a sandbox in the foreground, after printing what belongs in a client's `.env`."""
    server = SandboxServer(host=host, port=port, world=world, open_control=open_control)
    world = server.world
    print(f"FIVETRAN_API_URL={server.url}")
    print(f"FIVETRAN_API_KEY={world.api_key}")
    print(f"FIVETRAN_API_SECRET={world.api_secret}")
    print(f"FIVETRAN_GROUP_ID={world.group_id}", flush=True)
    print("Sandbox: paste these four lines into .env. Ctrl-C ends it.", file=sys.stderr)
    for ending in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores the latter
        signal.signal(ending, _interrupt)
    with suppress(KeyboardInterrupt):
        server.serve()
    server.stop()
