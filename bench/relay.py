"""A relay before a server that counts the bytes on their way to the browser."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK = 65536


class Relay:
    """A port that leads to another one; a context manager."""

    def __init__(self, url: str) -> None:
        """Lead to the server at a URL."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.moved = 0

    def __enter__(self) -> Self:
        """Begin to lead."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take no more callers."""
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                caller = self._listening.accept()[0]
                server = socket.create_connection(self._target)
                for one, other, back in ((caller, server, False), (server, caller, True)):
                    threading.Thread(
                        target=self._pump, args=(one, other, back), daemon=True
                    ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        with suppress(OSError), source:
            while data := source.recv(CHUNK):
                if back:
                    with self._lock:
                        self.moved += len(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
