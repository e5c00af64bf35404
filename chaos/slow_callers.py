"""python -m chaos.slow_callers: callers that do not read, send slowly, or leave connections open.

They call the dashboard and the routes alone. Meanwhile one more caller asks for a short list; the
exit status is 1 if it waits for them.
"""

import argparse
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench import servers
from bench.figures import Figure, conclude, table
from bench.servers import Server
from pbf.sandbox.core.world import GROUP_ID
from pbf.store.store import Store

LIST = "/_/connectors"
SHORT = f"{LIST}?q=no-such-name"
AUDIT = "/_/audit.csv"
ASKED = 20
# An answer that takes longer counts as one that never came.
PATIENCE = 10.0
AT_MOST = 500.0
# So small that the server's answer does not fit into the buffers of the connection.
RECEIVE_BUFFER = 4096
PIPELINED = 40
# Seconds until the requests before have reached their threads.
SETTLING = 1.0
# Seconds that the work on these requests may take, without waiting for anybody.
BUSY = 30.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of a run: `slow` callers of each kind, `idle` connections, entries of the log."""

    slow: int = 20
    idle: int = 3000
    connectors: int = 5000
    entries: int = 20_000


def main(arguments: list[str] | None = None) -> int:
    """Run all kinds of callers, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.slow_callers", description=__doc__)
    for name, default in vars(Plan()).items():
        parser.add_argument(f"--{name}", type=int, default=default)
    figures = list(run(Plan(**vars(parser.parse_args(arguments)))))
    print(table(figures))
    return conclude(figures)


def run(plan: Plan) -> Iterator[Figure]:
    """Try all kinds of callers on both servers, and yield the figures."""
    with servers.upstream(plan.connectors, quiet=True) as upstream, TemporaryDirectory() as folder:
        database = Path(folder) / "pbf.sqlite3"
        _fill(database, plan.entries)
        for area, start in (("Dashboard", _dashboard), ("Routes alone", _routes)):
            with start(upstream, f"sqlite:///{database}") as server:
                yield from _figures(area, server, plan)


def _fill(database: Path, entries: int) -> None:
    """Write an audit log, so that its export does not fit into the buffers of a connection."""
    Store(f"sqlite:///{database}").close()
    at = "2026-01-02T03:04:05.000+00:00"
    rows = ((at, f"connector_{number}", GROUP_ID) for number in range(entries))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executemany(
            "INSERT INTO audit (at, actor, actor_name, what, details, connector_id, name, outcome,"
            " group_id) VALUES (?, 'person', '', 'sync', '', ?, 'name', 'done', ?)",
            rows,
        )


def _dashboard(upstream: Server, url: str) -> AbstractContextManager[Server]:
    return servers.dashboard(upstream, settings={"PBF_DATABASE_URL": url})


def _routes(upstream: Server, url: str) -> AbstractContextManager[Server]:
    env = servers.account(upstream, PBF_DATABASE_URL=url)
    return servers.running("pbf", "proxy", health="/_/healthz", env=env)


def _figures(area: str, server: Server, plan: Plan) -> Iterator[Figure]:
    parts = urlsplit(server.url)
    address = (parts.hostname or "", parts.port or 0)
    _ask(address)  # reads the list for the first time
    yield _waited(area, "with no other caller", address)
    host = f"Host: {parts.netloc}\r\n"
    get = f"GET {LIST} HTTP/1.1\r\n{host}\r\n"
    export = f"GET {AUDIT} HTTP/1.1\r\n{host}\r\n"
    post = f"POST {LIST} HTTP/1.1\r\n{host}Content-Type: application/json\r\n"
    body = f"{post}Content-Length: 60000\r\n\r\n"
    for what, sent in (
        (f"with {plan.slow} that do not read a list", get),
        (f"with {plan.slow} that do not read {PIPELINED} lists", get * PIPELINED),
        (f"with {plan.slow} that do not read an export", export),
    ):
        with connections(address, plan.slow, sent.encode()):
            yield _waited(area, what, address)
    with connections(address, plan.slow, body.encode()) as opened, dripping(opened):
        yield _waited(area, f"with {plan.slow} that send a body byte by byte", address)
    with connections(address, plan.idle, b"", read_first=True) as opened:
        yield _waited(area, f"with {plan.idle} idle connections", address)
        closed = sum(map(_is_closed, opened))
        yield Figure(area, "of them closed by the server", closed, "")


@contextmanager
def connections(
    address: tuple[str, int], count: int, sent: bytes, *, read_first: bool = False
) -> Iterator[list[socket.socket]]:
    """Open connections and send the same on each; their receive buffer is small if it is anything.

    With `read_first`, each has made a request first, and has read the answer.
    """
    first = f"GET {SHORT} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n\r\n".encode()
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            if sent:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            client.settimeout(PATIENCE)
            try:
                client.connect(address)
                if read_first:
                    client.sendall(first)
                    client.recv(RECEIVE_BUFFER)
                client.sendall(sent)
            except OSError:
                break  # the server takes no more
            opened.append(client)
        yield opened


@contextmanager
def dripping(opened: Sequence[socket.socket]) -> Iterator[None]:
    """Send a byte a second on each connection until the block ends."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(1):
            for client in opened:
                with suppress(OSError):  # closed by the server
                    client.sendall(b"x")

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _waited(area: str, what: str, address: tuple[str, int]) -> Figure:
    """Return the slowest of some answers to one more caller, once others' work is done."""
    time.sleep(SETTLING)
    _ask(address, BUSY)
    slowest = 0.0
    for _ in range(ASKED):
        slowest = max(slowest, _ask(address))
        if slowest >= 1000 * PATIENCE:
            break
    return Figure(area, what, slowest, "ms", at_most=AT_MOST)


def _ask(address: tuple[str, int], patience: float = PATIENCE) -> float:
    """Return how many milliseconds the short list takes on a new connection."""
    started_at = time.perf_counter()
    with closing(HTTPConnection(*address, timeout=patience)) as connection:
        try:
            connection.request("GET", SHORT)
            if connection.getresponse().status != 200:
                return 1000 * PATIENCE
        except (OSError, HTTPException):
            return 1000 * PATIENCE
    return 1000 * (time.perf_counter() - started_at)


def _is_closed(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return not client.recv(RECEIVE_BUFFER)
    except BlockingIOError:
        return False
    except OSError:
        return True


if __name__ == "__main__":
    sys.exit(main())
