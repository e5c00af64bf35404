"""How long requests wait for a thread of a server."""

import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from pbf.metrics.instruments import observe_thread_wait

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_queued_at: ContextVar[float] = ContextVar("queued_at")


class NoteArrival:
    """ASGI middleware in front of a WSGI app in threads: notes when a request arrives."""

    def __init__(self, app: Any) -> None:
        """Wrap `app`, which runs in a copy of the present context."""
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request to the app (ASGI)."""
        _queued_at.set(time.monotonic())
        await self._app(scope, receive, send)


def measured(app: "WSGIApplication") -> "WSGIApplication":
    """Return an app that observes how long each request has waited for its thread (WSGI)."""

    def call(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        observe_thread_wait(time.monotonic() - _queued_at.get())
        return app(environ, start_response)

    return call
