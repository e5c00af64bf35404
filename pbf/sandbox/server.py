"""The sandbox as an HTTP server: persistent connections, and the faults that need the socket."""

import logging
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from io import BytesIO
from threading import Lock, Thread
from types import FrameType
from typing import Any, Self

from flask import Flask
from werkzeug.datastructures import Headers
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.test import run_wsgi_app

from pbf.sandbox.app import LARGEST_BODY, create_app
from pbf.sandbox.control.fault_middleware import SOCKET_RULES
from pbf.sandbox.control.fault_rules import FaultRule
from pbf.sandbox.sandbox import Sandbox

PIECES = 20
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
log = logging.getLogger("pbf.sandbox")


class Handler(WSGIRequestHandler):
    """Keeps connections open, sends each response in one piece, and logs no secret."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def run_wsgi(self) -> None:
        """Answer one request.

        Werkzeug's own handler closes every connection because it may leave a body unread. This
        one reads the body first and keeps the connection.
        """
        environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(self._read_body(environ))
        rules: list[FaultRule] = []
        environ[SOCKET_RULES] = rules
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        body = b"".join(chunks)
        if rules:
            self._apply_fault(rules[0], status, headers, body)
        else:
            self._send_head(status, headers, body)
            self.wfile.write(body)
            self.wfile.flush()

    def _send_head(self, status: str, headers: Headers, body: bytes) -> None:
        self.send_response(int(status[:3]), status[4:])
        for name, value in headers:
            self.send_header(name, value)
        if "Content-Length" not in headers and int(status[:3]) not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

    def _apply_fault(self, rule: FaultRule, status: str, headers: Headers, body: bytes) -> None:
        self.close_connection = True
        if rule.kind == "refuse":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        elif rule.kind == "cut":
            self._send_head(status, headers, body)
            self.wfile.write(body[: len(body) // 2])
        elif rule.kind == "trickle":
            self.close_connection = False
            self._send_head(status, headers, body)
            self._trickle(body, rule.seconds)

    def _trickle(self, body: bytes, seconds: float) -> None:
        server: Server = self.server  # type: ignore[assignment]  # no other class serves it
        size = max(1, -(-len(body) // PIECES))
        pieces = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        for piece in pieces:
            self.wfile.flush()
            server.world.control.ended.wait(seconds / len(pieces))
            self.wfile.write(piece)
        self.wfile.flush()

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):
            return bytes(environ["wsgi.input"].read(LARGEST_BODY + 1))
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > LARGEST_BODY:
            self.close_connection = True
            return b""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        return self.rfile.read(int(length))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return a time in HTTP's format, by default the time on the world's clock."""
        server: Server = self.server  # type: ignore[assignment]  # no other class serves it
        return super().date_time_string(
            int(server.world.clock() if timestamp is None else timestamp)
        )

    def log_request(self, code: int | str = "-", _size: int | str = "-") -> None:
        """Log method, path and status, but not the query, which may hold a card's token."""
        path = getattr(self, "path", "-").partition("?")[0]
        log.debug("%s %s %s", getattr(self, "command", "-"), path, code)

    def log(self, _type: str, _message: str, *_args: object) -> None:
        """Log that a request was malformed, without its content."""
        log.debug("bad request")


class Server(ThreadedWSGIServer):
    """A threaded server that tracks its open connections, so that stopping closes them."""

    def __init__(self, app: Flask, world: Sandbox, bound: socket.socket) -> None:
        """Serve a world's app on a bound socket."""
        host, port = bound.getsockname()[:2]
        self.world = world
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(host, port, app, Handler, fd=bound.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Track the connection and serve it in a thread."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Stop tracking the connection and close it; one to be reset gets no orderly shutdown."""
        with self._lock:
            self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) == RESET_AT_CLOSE:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """Log an exception that no caller receives."""
        log.debug("a connection failed", exc_info=True)

    def drop_connections(self) -> None:
        """Close every open connection, so that no caller reaches a stopped sandbox."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class SandboxServer:
    """A sandbox that listens on a port; a context manager."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        public_url: str | None = None,
        world: Sandbox | None = None,
        open_control: bool = False,
        close_control: bool = False,
    ) -> None:
        """Bind to the port, by default a free one; `start` begins serving."""
        self.world = world or Sandbox()
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

    @property
    def settings(self) -> dict[str, str]:
        """The settings of a client that uses it, by their names in `.env`."""
        world = self.world
        return {
            "FIVETRAN_API_URL": self.url,
            "FIVETRAN_API_KEY": world.api_key,
            "FIVETRAN_API_SECRET": world.api_secret,
            "FIVETRAN_GROUP_ID": world.group_id,
        }

    def snapshot(self, name: str = "snapshot") -> None:
        """Take a snapshot of the world, for `restore`; one of the same name is replaced."""
        self.world.control.save(name)

    def restore(self, name: str = "snapshot") -> None:
        """Return to a snapshot: data, clock, ids, limits, faults, webhooks and scenario."""
        self.world.control.restore(name)

    def start(self) -> Self:
        """Serve in a background thread and return this server."""
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

    def __enter__(self) -> Self:
        """Start serving."""
        return self.start()

    def __exit__(self, *_error: object) -> None:
        """Stop serving."""
        self.stop()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(host: str, port: int, *, world: Sandbox | None = None, open_control: bool = False) -> None:
    """Serve a sandbox until it is stopped, after printing the settings for a client's `.env`.

    This thread only waits: an exception that a signal raises amid a request could be lost there.
    """
    server = SandboxServer(host=host, port=port, world=world, open_control=open_control)
    lines = (f"{name}={value}" for name, value in server.settings.items())
    print(*lines, sep="\n", flush=True)
    print("Sandbox: paste these four lines into .env. Press Ctrl-C to stop.", file=sys.stderr)
    for ending in (signal.SIGTERM, signal.SIGINT):  # a background job ignores the latter
        signal.signal(ending, _interrupt)
    with suppress(KeyboardInterrupt), server:
        while True:
            time.sleep(1)  # a signal that another thread received ends it then
