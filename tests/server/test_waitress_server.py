"""The server of the API alone, and the sockets of the one beside the screens."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests
from uvicorn import Config
from uvicorn.protocols.websockets import websockets_sansio_impl
from uvicorn.server import ServerState
from websockets.server import ServerProtocol

from pbf.server.streamlit_patches import limit_message_size, set_socket_options
from pbf.server.waitress_server import THREADS
from tests.support.servers import json_api, output_of


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The routes, served alone on a sandbox."""
    with json_api(tmp_path_factory.mktemp("alone")) as url:
        yield url


@pytest.fixture
def link(alone: str) -> Iterator[HTTPConnection]:
    """One connection to it."""
    opened = HTTPConnection(urlsplit(alone).netloc, timeout=30)
    yield opened
    opened.close()


def ask(link: HTTPConnection, **headers: str) -> tuple[int, str | None, bytes]:
    link.request("GET", "/_/services", headers=headers)
    answer = link.getresponse()
    return answer.status, answer.getheader("Connection"), answer.read()


def etag(link: HTTPConnection) -> str:
    link.request("HEAD", "/_/services")
    answer = link.getresponse()
    answer.read()
    return answer.headers["ETag"]


def lists_at_once(url: str, count: int) -> bytes:
    """Return requests for a list, to be sent without waiting for answers; the last one closes."""
    head = f"GET /_/services HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n"
    return (f"{head}\r\n" * (count - 1) + f"{head}Connection: close\r\n\r\n").encode()


@contextmanager
def connections(url: str, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """Open connections, and send the same on each."""
    parts = urlsplit(url)
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = socket.create_connection((parts.hostname or "", parts.port or 0), 60)
            opened.append(stack.enter_context(connection))
            connection.sendall(sent)
        yield opened


def received(connection: socket.socket) -> Iterator[bytes]:
    """Yield all that is received until the server closes the connection."""
    while chunk := connection.recv(1 << 16):
        yield chunk


def test_an_unchanged_list_keeps_the_connection(link):
    known_etag = etag(link)
    before = link.sock

    unchanged = [ask(link, **{"If-None-Match": known_etag}) for _ in range(3)]
    status, _, body = ask(link)

    assert unchanged == [(304, None, b"")] * 3
    assert (status, body[:1]) == (200, b"[")
    assert link.sock is before


def test_connection_close_is_respected(link):
    known_etag = etag(link)

    answer = ask(link, Connection="close", **{"If-None-Match": known_etag})

    assert answer == (304, "close", b"")
    assert link.sock is None


def test_callers_that_do_not_read_hold_no_thread(alone):
    request = lists_at_once(alone, 150)
    with connections(alone, THREADS + 1, request) as opened:
        # Threads are busy with the answers for a moment.
        status = requests.get(f"{alone}/_/services?q=none", timeout=30).status_code
        answers = b"".join(received(opened[0])).count(b"HTTP/1.1 200")

    assert (status, answers) == (200, 150)


def test_hundreds_of_idle_connections_keep_nobody_waiting(alone):
    with connections(alone, 300, b"GET /_/healthz HTTP/1.1\r\nHost: a\r\n\r\n") as opened:
        heads = [connection.recv(100)[:15] for connection in opened]
        status = requests.get(f"{alone}/_/services", timeout=30).status_code

    assert heads == [b"HTTP/1.1 200 OK"] * 300
    assert status == 200


def test_the_process_may_open_as_many_descriptors_as_the_system_allows():
    script = """
import resource
from pbf.server.connections.descriptors import raise_descriptor_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (300, 700))
print(raise_descriptor_limit(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""

    output = output_of(script)

    assert output == "700 (700, 700)\n"


def test_new_connections_have_tcp_nodelay_and_are_dropped_when_unread():
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as idle:
        set_socket_options()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as caller:
            switched = caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            milliseconds = caller.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
        untouched = idle.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert switched
    assert milliseconds == 60_000
    assert not untouched


def test_new_sockets_accept_no_large_message_but_may_send_one(monkeypatch):
    monkeypatch.setattr(websockets_sansio_impl, "ServerProtocol", ServerProtocol)
    limit_message_size(1000)
    limit_message_size(2000)
    server = Config(app=lambda: None, ws_max_size=200_000_000, log_config=None)

    # In a thread: the main one may have the browser tests' event loop.
    with ThreadPoolExecutor(1) as pool:
        opened = pool.submit(asyncio.run, _protocol(server)).result()

    assert opened.conn.max_message_size == 1000
    assert opened.conn.extensions == []


async def _protocol(server: Config) -> websockets_sansio_impl.WebSocketsSansIOProtocol:
    """A connection of a server, as uvicorn creates it."""
    return websockets_sansio_impl.WebSocketsSansIOProtocol(server, ServerState(), {})


def test_the_server_listens_before_the_rest_is_imported():
    script = "import app, sys; print([name for name in HEAVY if name in sys.modules])"
    heavy = ["sqlalchemy", "pandas", "altair", "redis", "pbf.sandbox.server"]
    heavy += ["flask", "requests", "pydantic", "pbf.runtime", "pbf.proxy"]

    output = output_of(script.replace("HEAVY", repr(heavy)))

    assert output == "[]\n"


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [("0", [200, 200, 429]), ("1", [200, 200, 200])],
    ids=["no-proxy-is-trusted", "one-proxy-is-trusted"],
)
def test_x_forwarded_for_is_trusted_only_from_trusted_proxies(tmp_path, proxies, statuses):
    settings = {"PBF_ACTION_LIMIT": "2 per hour", "PBF_TRUSTED_PROXIES": proxies}
    with json_api(tmp_path, **settings) as url:
        connector = requests.get(f"{url}/_/connectors", timeout=60).json()[0]["id"]
        answers = []
        for number in range(3):
            link = HTTPConnection(urlsplit(url).netloc, timeout=30)
            form = f"/_/connectors/{connector}/form"
            link.request("GET", form, headers={"X-Forwarded-For": f"192.0.2.{number}"})
            answers.append(link.getresponse().status)
            link.close()

    assert answers == statuses
