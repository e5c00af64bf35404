"""A deadline for a whole answer: from the call to its last byte, however slowly the bytes come.

A socket's own timeout begins anew with each byte. Here the time that is left goes down from one
read to the next, for the status line and the headers as well as for the body.
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
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class _Ends(threading.local):
    at: float = math.inf


_ends = _Ends()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let every answer that this thread begins to read within end after so many seconds."""
    _ends.at = time.monotonic() + seconds
    try:
        yield
    finally:
        _ends.at = math.inf


def is_over() -> bool:
    """Whether this thread's deadline has passed."""
    return time.monotonic() >= _ends.at


class _Reader(io.RawIOBase):
    """The bytes of a socket, each read in the time that is left."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._end = _ends.at
        self._longest = sock.gettimeout() or math.inf

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time for the whole answer is over.")
        if left < math.inf:
            self._sock.settimeout(min(left, self._longest))
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


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


POOLS = {"http": _Pool, "https": _SecurePool}


class DeadlineAdapter(HTTPAdapter):
    """An adapter whose answers keep to the deadline, through an HTTP proxy, too."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Open the pools."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools behind a proxy; a SOCKS proxy needs pools of its own kind."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = POOLS
        return manager
