"""The server of the routes where they are served alone: waitress, with its 304 mended."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import WSGITask

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 16
# Beyond what the routes take, nothing is even stored; within it, they say so themselves.
LARGEST_STORED_BODY = 1024 * 1024
SECONDS_OF_SILENCE = 30


class Task(WSGITask):
    """A task that keeps the connection after "not modified".

    Waitress 3.0 takes every answer without a length for one that the end of the connection ends.
    304 has no body to end, and a new connection costs the caller more than the list saves.
    """

    def set_close_on_finish(self) -> None:
        """End the connection after this answer, unless it is a 304 and nobody asked for the end."""
        request: Any = self.request
        asked = request.headers.get("CONNECTION", "").lower() == "close"
        if asked or self.version != "1.1" or not self.status.startswith("304"):
            super().set_close_on_finish()


class Channel(HTTPChannel):
    """A connection whose requests are such tasks."""

    task_class = Task


def serve(
    app: "WSGIApplication", host: str, port: int, *, then: Callable[[], None] = lambda: None
) -> None:
    """Serve an app until stopped; once it listens, do `then`."""
    known: dict[int, Any] = {}
    server = create_server(
        app,
        map=known,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=LARGEST_STORED_BODY,
        channel_timeout=SECONDS_OF_SILENCE,
        # Whom the routes believe is theirs to say; see PBF_TRUSTED_PROXIES.
        clear_untrusted_proxy_headers=False,
    )
    for listening in known.values():
        if isinstance(listening, BaseWSGIServer):
            listening.channel_class = Channel
    server.print_listen("Serving on http://{}:{}")
    then()
    server.run()
