"""Streamlit sessions opened over WebSocket without a browser."""

import argparse
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from bench.load import check_loopback

STREAM = "/_stcore/stream"
CONCURRENCY = 16
TIMEOUT = 120


@contextmanager
def session(url: str, page: str, query: str = "") -> Iterator[ClientConnection]:
    """Open a session and run a page in it to its end."""
    check_loopback(url)
    address = f"{url.replace('http', 'ws', 1)}{STREAM}"
    with connect(
        address,
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
        origin=Origin(url),
        proxy=None,
    ) as connection:
        run(connection, page, query)
        yield connection


def run(connection: ClientConnection, page: str, query: str = "") -> bytes:
    """Run a page and return its messages."""
    request, messages = BackMsg(), []
    request.rerun_script.query_string = query
    request.rerun_script.page_name = page
    connection.send(request.SerializeToString())
    while True:
        data = connection.recv(TIMEOUT)
        if isinstance(data, bytes):
            messages.append(data)
            if _is_end(data):
                return b"".join(messages)


def views(url: str, page: str, count: int) -> None:
    """View a page several times, each time in a new session."""

    def view(_: int) -> None:
        with session(url, page):
            pass

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(view, range(count)))


def all_at_once(url: str, page: str, count: int) -> None:
    """Open a page in several sessions at the same time."""
    ready = threading.Barrier(count)

    def view(_: int) -> None:
        ready.wait()
        with session(url, page):
            pass

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(view, range(count)))


def _is_end(data: bytes) -> bool:
    message = ForwardMsg()
    message.ParseFromString(data)
    finished = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    return message.WhichOneof("type") == "script_finished" and message.script_finished in finished


def main() -> int:
    """View a page several times from this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("page")
    parser.add_argument("count", type=int)
    parser.add_argument("--at-once", action="store_true")
    options = parser.parse_args()
    (all_at_once if options.at_once else views)(options.url, options.page, options.count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
