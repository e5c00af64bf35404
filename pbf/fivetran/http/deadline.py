"""A deadline for a whole response with its retries, from the call to its last byte.

A socket's own timeout restarts with each byte. Here the remaining time decreases from one read to
the next, for the status line and the headers as well as for the body.
"""

import http.client
import io
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Deadline(threading.local):
    at: float = math.inf


_current = _Deadline()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Limit every response that this thread reads in the block to so many seconds."""
    _current.at = time.monotonic() + seconds
    try:
        yield
    finally:
        _current.at = math.inf


def is_over() -> bool:
    """Whether this thread's deadline has passed."""
    return time.monotonic() >= _current.at


class _Reader(io.RawIOBase):
    """The bytes of a socket, each read within the remaining time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._end = _current.at
        self._timeout = sock.gettimeout() or math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The time for the whole response is over.")
        if remaining < math.inf:
            self._sock.settimeout(min(remaining, self._timeout))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        opened: Any = self.fp
        self.fp = io.BufferedReader(_Reader(opened.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


# Connections through a SOCKS proxy have classes of their own, and stay without a deadline.
LIMITED: dict[type, type] = {HTTPConnection: _Connection, HTTPSConnection: _SecureConnection}


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose responses respect the deadline, also through an HTTP proxy."""

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Return the connection pool for a request."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = LIMITED.get(pool.ConnectionCls, pool.ConnectionCls)
        return pool
