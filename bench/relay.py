"""A SOCKS proxy for the browser, which counts bytes and can be as slow as a line.

Chromium's own emulation of a network stalls now and then.
"""

import socket
import struct
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from bench.load import NotLoopback, check_loopback

# Small enough for connections to share a slow line.
CHUNK = 8192
# SOCKS 5 (RFC 1928).
VERSION, NO_PASSWORD, DONE, NOT_ALLOWED = 5, 0, 0, 2
IPV4, DOMAIN = 1, 3


class Line(NamedTuple):
    """A network: bits per second to the browser, and the seconds of a round trip."""

    bits: float = 10e6
    round_trip: float = 0.04


class Relay:
    """A SOCKS 5 proxy to this machine on a port of its own; a context manager."""

    def __init__(self, line: Line | None = None) -> None:
        """Relay as fast as a line does, or as fast as possible."""
        self._line = line or Line(float("inf"), 0.0)
        self._turn = threading.Lock()
        self._free_at = 0.0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"socks5://127.0.0.1:{self._listening.getsockname()[1]}"
        self.received = 0

    def __enter__(self) -> Self:
        """Accept connections."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Accept no more connections."""
        _shut_down(self._listening, socket.SHUT_RDWR)  # ends the wait for the next one
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listening.accept()[0]
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with suppress(OSError, EOFError), caller:
            target = _target(caller)
            if target is None:
                caller.sendall(_reply(NOT_ALLOWED))
                return
            with socket.create_connection(target) as server:
                for end in (caller, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                caller.sendall(_reply(DONE))
                up = threading.Thread(target=self._send, args=(caller, server), daemon=True)
                up.start()
                try:
                    self._receive(server, caller)
                finally:
                    _shut_down(caller, socket.SHUT_RDWR)
                    _shut_down(server, socket.SHUT_RDWR)
                    up.join()

    def _send(self, caller: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := caller.recv(CHUNK):
                time.sleep(self._line.round_trip)
                server.sendall(data)
        _shut_down(server, socket.SHUT_WR)

    def _receive(self, server: socket.socket, caller: socket.socket) -> None:
        while data := server.recv(CHUNK):
            with self._turn:
                self.received += len(data)
                self._wait(len(data))
            caller.sendall(data)

    def _wait(self, size: int) -> None:
        now = time.monotonic()
        self._free_at = max(now, self._free_at) + size * 8 / self._line.bits
        time.sleep(self._free_at - now)


def _shut_down(connection: socket.socket, how: int) -> None:
    with suppress(OSError):
        connection.shutdown(how)


def _target(caller: socket.socket) -> tuple[str, int] | None:
    """Return the address that a caller asks for, or None if it is not on this machine."""
    with caller.makefile("rb") as stream:
        _, methods = _read(stream, 2)
        _read(stream, methods)
        caller.sendall(bytes([VERSION, NO_PASSWORD]))
        _, _, _, kind = _read(stream, 4)
        if kind not in (IPV4, DOMAIN):
            return None
        length = 4 if kind == IPV4 else _read(stream, 1)[0]
        name = _read(stream, length)
        [port] = struct.unpack("!H", _read(stream, 2))
    host = socket.inet_ntoa(name) if kind == IPV4 else name.decode()
    try:
        check_loopback(f"http://{host}")
    except NotLoopback:
        return None
    return host, port


def _read(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _reply(code: int) -> bytes:
    return bytes([VERSION, code, 0, IPV4, 0, 0, 0, 0, 0, 0])
