"""A server that answers in small pieces, each long before a time-out of its own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

PIECES, PAUSE, PATIENCE = 500, 0.02, 60
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


class SlowServer:
    """Answers every connection with `beginning` and then pieces, until the client goes away."""

    def __init__(
        self, listener: socket.socket, beginning: bytes, piece: bytes, *, greets: bool
    ) -> None:
        """Accept clients of a socket; `greets` is whether the server speaks first."""
        self.port: int = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._listener, self._beginning, self._piece = listener, beginning, piece
        self._greets = greets
        self._ends: SimpleQueue[bool] = SimpleQueue()
        self._closing = threading.Event()

    def is_abandoned(self) -> bool:
        """Wait for the end of the next answer, and return whether the client went away first."""
        return self._ends.get(timeout=PATIENCE)

    def serve(self) -> None:
        """Answer each client in a thread of its own, until the server is closed."""
        while True:
            client, _ = self._listener.accept()
            if self._closing.is_set():
                client.close()
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def close(self) -> None:
        """End all answers, and accept no client any more."""
        self._closing.set()
        socket.create_connection(("127.0.0.1", self.port)).close()

    def _answer(self, client: socket.socket) -> None:
        with client:
            try:
                if not self._greets:
                    client.recv(65_536)
                client.sendall(self._beginning)
                for _ in range(PIECES):
                    client.sendall(self._piece)
                    if self._closing.wait(PAUSE):
                        return
            except OSError:
                self._ends.put(True)
            else:
                self._ends.put(False)


@contextmanager
def slow_server(
    beginning: bytes = HEAD, piece: bytes = b" ", *, greets: bool = False
) -> Iterator[SlowServer]:
    """Run such a server until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = SlowServer(listener, beginning, piece, greets=greets)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            server.close()
            thread.join()
