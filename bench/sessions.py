"""Sessions as browsers open them, without the browser: what one costs the server."""

import argparse
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from bench.load import check_loopback

STREAM = "/_stcore/stream"
AT_ONCE = 16
PATIENCE = 120


@contextmanager
def session(url: str, page: str, query: str = "") -> Iterator[ClientConnection]:
    """Open a page and run it to its end."""
    check_loopback(url)
    address = f"{url.replace('http', 'ws', 1)}{STREAM}"
    with connect(
        address, subprotocols=["streamlit"], max_size=None, origin=url, proxy=None
    ) as link:  # type: ignore[list-item, arg-type]
        run(link, page, query)
        yield link


def run(link: ClientConnection, page: str, query: str = "") -> bytes:
    """Ask for a page and return what is drawn."""
    wanted, drawn = BackMsg(), []
    wanted.rerun_script.query_string = query
    wanted.rerun_script.page_name = page
    link.send(wanted.SerializeToString())
    while True:
        data = link.recv(PATIENCE)
        if isinstance(data, bytes):
            drawn.append(data)
            if _is_end(data):
                return b"".join(drawn)


def views(url: str, page: str, count: int) -> None:
    """View a page so many times, each time in a new session."""

    def view(_: int) -> None:
        with session(url, page):
            pass

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(view, range(count)))


def all_at_once(url: str, page: str, count: int) -> None:
    """Open a page in so many sessions at the same moment."""
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
    ended = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    return message.WhichOneof("type") == "script_finished" and message.script_finished in ended


def main() -> int:
    """View a page so many times from this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("page")
    parser.add_argument("count", type=int)
    parser.add_argument("--at-once", action="store_true")
    chosen = parser.parse_args()
    (all_at_once if chosen.at_once else views)(chosen.url, chosen.page, chosen.count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
