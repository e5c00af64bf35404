"""A deadline and a largest size for whole answers, whichever library reads them.

A socket's own timeout restarts with each byte. Here the remaining time decreases from one read to
the next, for the status line and the headers as well as for the body.

http.client (which requests, urllib3 and urllib use) and smtplib read through `socket.makefile`,
so its reader is replaced. Outside `deadline`, the replacement does what the original does.
"""

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Limits(threading.local):
    end: float = math.inf
    largest: float = math.inf


_current = _Limits()


@contextmanager
def deadline(seconds: float, *, largest: float = math.inf) -> Iterator[None]:
    """Limit every answer that this thread reads in the block to so many seconds and bytes.

    An answer beyond the limits raises TimeoutError or another OSError in the library that reads it.
    An outer deadline stays in force.
    """
    setattr(socket, "SocketIO", _Reader)  # noqa: B010 - typed as a class, which is not assignable
    outer = (_current.end, _current.largest)
    _current.end = min(outer[0], time.monotonic() + seconds)
    _current.largest = min(outer[1], largest)
    try:
        yield
    finally:
        _current.end, _current.largest = outer


def is_over() -> bool:
    """Whether this thread's deadline has passed."""
    return time.monotonic() >= _current.end


class _Reader(socket.SocketIO):
    """The bytes of a socket, within the limits that held when the reader was made."""

    def __init__(self, sock: socket.socket, mode: Any) -> None:
        super().__init__(sock, mode)
        self._socket = sock
        self._end = _current.end
        self._timeout = sock.gettimeout() or math.inf
        self._left = _current.largest

    def readinto(self, buffer: Any) -> int | None:
        remaining = self._end - time.monotonic()
        if remaining <= 0:
            raise TimeoutError("The time for the whole response is over.")
        if remaining < math.inf:
            self._socket.settimeout(min(remaining, self._timeout))
        count = super().readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("The response is too large.")
        return count
