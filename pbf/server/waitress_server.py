"""Waitress, which serves the API alone; no caller that reads slowly holds one of its threads."""

import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from pbf.concurrency import draining
from pbf.metrics.instruments import observe_thread_wait
from pbf.server.connections.descriptors import drop_unread, raise_descriptor_limit
from pbf.server.probes.answers import PROBES

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

THREADS = 16
# Waitress refuses larger bodies; the routes refuse those over their own, smaller limit.
LARGEST_STORED_BODY = 1024 * 1024
IDLE_TIMEOUT = 30
# A connection takes up to three descriptors: large bodies and answers wait in temporary files.
DESCRIPTORS_OF_CONNECTION = 3
# For the database, Redis, Fivetran, logs and modules.
OTHER_DESCRIPTORS = 256
FEWEST_CONNECTIONS = 100
# In seconds: how long open connections are answered once new ones are refused.
LEAVING = 1.0


class Task(WSGITask):
    """A task that keeps the connection open after 304, and closes it while the process is ending.

    Waitress 3.0 closes the connection after every response without a Content-Length. A 304 has no
    body, and a new connection costs the caller more than the 304 saves.
    """

    def build_response_header(self) -> bytes:
        """Return the head of the response."""
        if draining.is_draining():
            super().set_close_on_finish()
        return bytes(super().build_response_header())

    def set_close_on_finish(self) -> None:
        """Close the connection after this response, unless it is a 304 and may stay open."""
        request: Any = self.request
        close = request.headers.get("CONNECTION", "").lower() == "close"
        if close or self.version != "1.1" or not self.status.startswith("304"):
            super().set_close_on_finish()


class Channel(HTTPChannel):
    """A connection whose requests are run as such tasks.

    A caller may send several requests at once. Waitress 3.0 lets the thread wait while more than a
    limit of their answers is unread. Here the next of them gets a thread once the answers before
    have been sent, and no answer has that limit.
    """

    task_class = Task
    _queued_at = 0.0
    _waits_for_reader = False

    def received(self, data: bytes) -> bool:
        """Take in data; it may complete a request, which waits for a thread from now on."""
        self._queued_at = time.monotonic()
        return bool(super().received(data))

    def service(self) -> None:
        """Answer a request in a thread, or give the thread back until earlier answers are sent."""
        with self.outbuf_lock:
            self._waits_for_reader = self.total_outbufs_len > 0
            if self._waits_for_reader:
                self.server.pull_trigger()
                return
        observe_thread_wait(time.monotonic() - self._queued_at)
        super().service()

    def handle_write(self) -> None:
        """Send what the caller can take now; a request that waits for that gets a thread then."""
        super().handle_write()
        if self._waits_for_reader and self.connected and not self.total_outbufs_len:
            self._waits_for_reader = False
            channel: Any = self
            self.server.add_task(channel)


class ProbesApart:
    """Gives probes a thread of their own, so that they are answered when no other is free."""

    def __init__(self, others: ThreadedTaskDispatcher) -> None:
        """Leave all other requests to the threads of another dispatcher."""
        self._others = others
        self._probes = ThreadedTaskDispatcher()
        self._probes.set_thread_count(1)

    def add_task(self, channel: Any) -> None:
        """Have the first request of a connection handled."""
        is_probe = channel.requests[0].path in PROBES
        (self._probes if is_probe else self._others).add_task(channel)

    def shutdown(self, *arguments: Any, **options: Any) -> bool:
        """End the threads; return what the other dispatcher does."""
        self._probes.shutdown(*arguments, **options)
        return bool(self._others.shutdown(*arguments, **options))


def serve(
    app: "WSGIApplication",
    host: str,
    port: int,
    *,
    on_start: Callable[[Callable[[], None]], None] = lambda _: None,
) -> None:
    """Serve an app until stopped.

    Once it listens, call `on_start` with a function for the end: it refuses new connections, so
    that a proxy goes elsewhere, and returns when the open ones are closed, or after a second.
    """
    dispatchers: dict[int, Any] = {}
    server = create_server(
        app,
        map=dispatchers,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=LARGEST_STORED_BODY,
        channel_timeout=IDLE_TIMEOUT,
        connection_limit=_most_connections(raise_descriptor_limit()),
        # select() fails beyond 1,023 descriptors.
        asyncore_use_poll=True,
        # A caller that goes away, or is dropped because it does not read, is no error of ours.
        log_socket_errors=False,
        # Threads never wait for a caller; see Channel.
        outbuf_high_watermark=sys.maxsize,
        # The routes decide which proxies to trust; see PBF_TRUSTED_PROXIES.
        clear_untrusted_proxy_headers=False,
    )
    probes_apart: Any = ProbesApart(server.task_dispatcher)
    if not isinstance(server, BaseWSGIServer):
        server.task_dispatcher = probes_apart
    listeners = [one for one in dispatchers.values() if isinstance(one, BaseWSGIServer)]
    for listener in listeners:
        listener.channel_class = Channel
        listener.task_dispatcher = probes_apart
        if listener.socket:
            drop_unread(listener.socket)
    server.print_listen("Serving on http://{}:{}")
    on_start(partial(_stop_listening, listeners))
    server.run()


def _stop_listening(listeners: Iterable[Any]) -> None:
    """Refuse new connections; wait a moment for the open ones, each closed by its next response."""
    for listener in listeners:
        # Its own close() would end the trigger that responses need.
        close = partial(listener.asyncore.dispatcher.close, listener)
        listener.trigger.pull_trigger(close)
    end = time.monotonic() + LEAVING
    while any(listener.active_channels for listener in listeners) and time.monotonic() < end:
        time.sleep(0.02)


def _most_connections(descriptors: int) -> int:
    """Return how many connections a process with so many descriptors can keep."""
    return max(FEWEST_CONNECTIONS, (descriptors - OTHER_DESCRIPTORS) // DESCRIPTORS_OF_CONNECTION)
