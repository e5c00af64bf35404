"""The transport, against `responses` and, where sockets matter, a real server."""

import gzip
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
import responses
from urllib3.util import connection

from pbf.errors import (
    ApiError,
    ApiRejected,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unauthorized,
)
from pbf.fivetran.http.retries import RETRIES, GetOnly
from pbf.fivetran.http.transport import VERSION_2, WAIT_AFTER_429, Request
from pbf.fivetran.models import RateLimit
from tests.support.slow_server import slow_server

API = "https://fivetran.example"
KEY, SECRET = "the-key", "the-secret"
PAIR = b64encode(f"{KEY}:{SECRET}".encode()).decode()
WRITES = ["POST", "PATCH", "DELETE"]
Handle = Callable[[BaseHTTPRequestHandler, int], None]


@pytest.fixture
def request_to_api() -> Iterator[Request]:
    request = Request(API, KEY, SECRET)
    yield request
    request.close()


@pytest.fixture(autouse=True)
def _no_waiting_between_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GetOnly, "get_backoff_time", lambda self: 0)


@contextmanager
def server(handle: Handle) -> Iterator[tuple[str, list[BaseHTTPRequestHandler]]]:
    """Yield the URL of a real server and the requests it received; `handle` also gets the count."""
    received: list[BaseHTTPRequestHandler] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            received.append(self)
            handle(self, len(received))

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *arguments: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", received
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def reply(to: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    to.send_response(status)
    to.send_header("Content-Length", headers.pop("length", str(len(body))))
    for name, value in headers.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(body)


def drop(to: BaseHTTPRequestHandler) -> None:
    to.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def silence() -> Iterator[tuple[str, list[socket.socket]]]:
    """Yield the URL of a server that accepts and never answers, and its connections."""
    listening = socket.create_server(("127.0.0.1", 0))
    callers: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                callers.append(listening.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", callers
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
        for caller in callers:
            caller.close()


def text_of(error: ApiError) -> str:
    """The text of an error, which is one line without a secret."""
    text = str(error)
    assert text.isprintable(), text
    assert not any(secret in text for secret in (KEY, SECRET, PAIR)), text
    return text


def test_a_call_uses_the_version_path_and_basic_auth(api, request_to_api):
    api.get(f"{API}/v1/account/info", json={"code": "Success", "data": {"account_id": "a"}})

    data = request_to_api.send("GET", "/account/info")

    sent = api.calls[0].request
    assert data == {"account_id": "a"}
    assert sent.headers["Authorization"] == f"Basic {PAIR}"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"] == "pbf"
    assert sent.body is None


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        pytest.param("/connections", VERSION_2, id="create"),
        pytest.param("/connections/one/connect-card", VERSION_2, id="card"),
        pytest.param("/groups/ours/connections", "application/json", id="list-in-group"),
        pytest.param("/metadata/connector-types", "application/json", id="metadata"),
    ],
)
def test_connections_are_requested_in_version_two(api, request_to_api, path, accept):
    api.get(f"{API}/v1{path}", json={})

    request_to_api.send("GET", path)

    assert api.calls[0].request.headers["Accept"] == accept


def test_parameters_and_body_are_sent(api, request_to_api):
    api.post(
        f"{API}/v1/connections",
        json={},
        match=[
            responses.matchers.query_param_matcher({"limit": "2", "cursor": "a&b"}),
            responses.matchers.json_params_matcher({"paused": False, "name": "ü"}),
        ],
    )

    data = request_to_api.send(
        "POST",
        "/connections",
        params={"limit": 2, "cursor": "a&b"},
        body={"paused": False, "name": "ü"},
    )

    assert data == {}


def test_a_trailing_slash_of_the_url_makes_no_difference(api):
    api.get(f"{API}/sandbox/v1/account/info", json={})

    assert Request(f"{API}/sandbox/", KEY, SECRET).send("GET", "/account/info") == {}


def test_a_key_with_non_latin_letters_is_sent(api):
    api.get(f"{API}/v1/account/info", status=401)

    with pytest.raises(Unauthorized):
        Request(API, "the…key", "ключ").send("GET", "/account/info")

    expected = b64encode("the…key:ключ".encode()).decode()
    assert api.calls[0].request.headers["Authorization"] == f"Basic {expected}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        pytest.param(400, InvalidRequest, id="400"),
        pytest.param(401, Unauthorized, id="401"),
        pytest.param(403, Forbidden, id="403"),
        pytest.param(404, NotFound, id="404"),
        pytest.param(405, ApiRejected, id="405"),
        pytest.param(409, Conflict, id="409"),
        pytest.param(415, ApiRejected, id="415"),
        pytest.param(418, ApiRejected, id="418"),
        pytest.param(429, RateLimited, id="429"),
        pytest.param(500, ServerFailed, id="500"),
        pytest.param(501, ServerFailed, id="501"),
        pytest.param(502, ServerFailed, id="502"),
        pytest.param(503, ServerFailed, id="503"),
        pytest.param(504, ServerFailed, id="504"),
        pytest.param(301, BadAnswer, id="301"),
        pytest.param(303, BadAnswer, id="303"),
    ],
)
def test_each_status_raises_its_error_class(api, request_to_api, status, kind):
    api.post(f"{API}/v1/connections", status=status, json={"code": "X", "message": "It is so"})

    with pytest.raises(ApiError) as caught:
        request_to_api.send("POST", "/connections", body={})

    assert type(caught.value) is kind
    assert text_of(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("status", "text"),
    [
        pytest.param(
            400, "Fivetran refused the request (400): Field 'schema' is required.", id="400"
        ),
        pytest.param(
            403,
            "The API key may not do that: Field 'schema' is required. Check the key's role.",
            id="403",
        ),
    ],
)
def test_the_message_of_fivetran_is_passed_on(api, request_to_api, status, text):
    api.get(f"{API}/v1/x", status=status, json={"message": "Field 'schema'\n  is required"})

    with pytest.raises(ApiRejected) as caught:
        request_to_api.send("GET", "/x")

    assert str(caught.value) == text


def test_a_refused_key_is_reported_with_our_message(api, request_to_api):
    api.get(f"{API}/v1/x", status=401, json={"message": "Field 'schema'\n  is required"})

    with pytest.raises(Unauthorized) as caught:
        request_to_api.send("GET", "/x")

    assert str(caught.value) == (
        "Fivetran refused the API key: Invalid authorization credentials. "
        "Check FIVETRAN_API_KEY and FIVETRAN_API_SECRET."
    )


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("<html>\nthe-secret</html>", id="html"),
        pytest.param('["the-secret"]', id="list"),
        pytest.param('"the-secret"', id="text"),
        pytest.param("null", id="null"),
        pytest.param('{"code": "the-secret"}', id="no-message"),
        pytest.param('{"message": {"a": "the-secret"}}', id="message-object"),
        pytest.param('{"message": " \\n "}', id="message-blank"),
        pytest.param('{"message": "the-secr', id="cut-off"),
        pytest.param(b"\xff\xfe\x00", id="no-text"),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_an_error_without_a_usable_message_has_its_class(api, request_to_api, status, body):
    api.post(f"{API}/v1/x", status=status, body=body)

    with pytest.raises(ApiError) as caught:
        request_to_api.send("POST", "/x")

    text_of(caught.value)
    assert not isinstance(caught.value, BadAnswer)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500])
def test_an_echo_of_key_and_secret_is_not_passed_on(api, request_to_api, status):
    message = f"No {KEY}:{SECRET}\r\nAuthorization: Basic {PAIR}\x1b[31m\u2028\u202e end"
    api.get(f"{API}/v1/x", status=status, json={"message": message})

    with pytest.raises(ApiError) as caught:
        request_to_api.send("GET", "/x")

    text_of(caught.value)


def test_a_very_long_message_is_cut(api, request_to_api):
    api.get(f"{API}/v1/x", status=400, json={"message": "very " * 10_000})

    with pytest.raises(InvalidRequest) as caught:
        request_to_api.send("GET", "/x")

    assert len(text_of(caught.value)) < 400


@pytest.mark.parametrize(
    ("header", "seconds", "words"),
    [
        pytest.param({"Retry-After": "1"}, 1, "in 1 second.", id="one-second"),
        pytest.param({"Retry-After": "90"}, 90, "in 90 seconds.", id="seconds"),
        pytest.param({"Retry-After": "3600"}, 3600, "in 60 minutes.", id="an-hour"),
        pytest.param({}, WAIT_AFTER_429, "in 60 seconds.", id="missing"),
        pytest.param({"Retry-After": ""}, WAIT_AFTER_429, "in 60 seconds.", id="empty"),
        pytest.param({"Retry-After": "-5"}, WAIT_AFTER_429, "in 60 seconds.", id="negative"),
        pytest.param({"Retry-After": "1.5"}, WAIT_AFTER_429, "in 60 seconds.", id="fraction"),
        pytest.param({"Retry-After": "9" * 5000}, WAIT_AFTER_429, "in 60 seconds.", id="huge"),
        pytest.param(
            {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
            WAIT_AFTER_429,
            "in 60 seconds.",
            id="date",
        ),
    ],
)
def test_rate_limited_says_when_to_retry(api, request_to_api, header, seconds, words):
    api.get(f"{API}/v1/x", status=429, headers=header, json={"code": "TooManyRequests"})

    with pytest.raises(RateLimited, match=words) as caught:
        request_to_api.send("GET", "/x")

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<!doctype html><p>the-secret", id="html"),
        pytest.param("[]", id="list"),
        pytest.param('"Success"', id="text"),
        pytest.param("null", id="null"),
        pytest.param("5", id="number"),
        pytest.param('{"data": {', id="cut-off"),
        pytest.param(b"\xff\xfe\x00\x01", id="no-text"),
    ],
)
def test_a_success_that_is_not_an_object_raises_bad_answer(api, request_to_api, body):
    api.get(f"{API}/v1/x", body=body)

    with pytest.raises(BadAnswer, match="not Fivetran's API") as caught:
        request_to_api.send("GET", "/x")

    text_of(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, "", id="empty"),
        pytest.param(204, "", id="no-content"),
        pytest.param(200, "{}", id="no-data"),
        pytest.param(200, '{"code": "Success", "data": null}', id="null"),
        pytest.param(200, '{"data": []}', id="list"),
        pytest.param(200, '{"data": "text"}', id="text"),
    ],
)
def test_a_success_without_data_is_empty(api, request_to_api, status, body):
    api.post(f"{API}/v1/x", status=status, body=body)

    assert request_to_api.send("POST", "/x") == {}


def test_the_rate_limit_is_that_of_the_latest_response_with_one(api, request_to_api):
    headers = {"X-Rate-Limit": "20000", "X-Rate-Limit-Remaining": "19999"}
    api.get(f"{API}/v1/first", json={}, headers=headers)
    api.get(f"{API}/v1/second", json={})
    api.get(f"{API}/v1/third", status=429, headers={**headers, "X-Rate-Limit-Remaining": "0"})
    api.get(f"{API}/v1/fourth", json={}, headers={"X-Rate-Limit-Remaining": "plenty"})
    before = request_to_api.latest.rate_limit

    request_to_api.send("GET", "/first")
    request_to_api.send("GET", "/second")
    after_two = request_to_api.latest.rate_limit
    with pytest.raises(RateLimited):
        request_to_api.send("GET", "/third")
    after_three = request_to_api.latest.rate_limit
    request_to_api.send("GET", "/fourth")

    assert before == RateLimit()
    assert after_two == RateLimit(limit=20000, remaining=19999)
    assert after_three == RateLimit(limit=20000, remaining=0)
    assert request_to_api.latest.rate_limit == RateLimit()


def test_the_key_is_in_no_representation(request_to_api):
    shown = repr(request_to_api) + str(request_to_api)

    assert KEY not in shown
    assert SECRET not in shown


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failed_get_is_retried_twice(status):
    with server(lambda to, count: reply(to, status, b"{}")) as (url, received):
        with pytest.raises(ServerFailed, match=f"({status})"):
            Request(url, KEY, SECRET).send("GET", "/x")

        assert len(received) == 1 + RETRIES == 3


@pytest.mark.parametrize("status", [400, 401, 404, 409, 501])
def test_a_refused_get_is_not_retried(status):
    with server(lambda to, count: reply(to, status, b"{}")) as (url, received):
        with pytest.raises(ApiError):
            Request(url, KEY, SECRET).send("GET", "/x")

        assert len(received) == 1


def test_a_429_is_not_retried():
    with server(lambda to, count: reply(to, 429, b"{}", Retry_After="7")) as (url, received):
        with pytest.raises(RateLimited) as caught:
            Request(url, KEY, SECRET).send("GET", "/x")

        assert caught.value.retry_after == 7
        assert len(received) == 1


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(lambda to: reply(to, 503, b""), id="5xx"),
        pytest.param(drop, id="dropped"),
    ],
)
def test_a_get_may_succeed_at_the_third_attempt(fail):
    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        if count < 3:
            fail(to)
        else:
            reply(to, 200, b'{"data": {"at": "last"}}')

    with server(handle) as (url, received):
        data = Request(url, KEY, SECRET).send("GET", "/x")

        assert data == {"at": "last"}
        assert len(received) == 3


def test_a_get_is_retried_twice_after_a_dropped_connection():
    with server(lambda to, count: drop(to)) as (url, received):
        with pytest.raises(ConnectionFailed) as caught:
            Request(url, KEY, SECRET).send("GET", "/x")

        text_of(caught.value)
        assert len(received) == 3


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failed_write_is_never_retried(method, status):
    with server(lambda to, count: reply(to, status, b"{}")) as (url, received):
        with pytest.raises(ServerFailed):
            Request(url, KEY, SECRET).send(method, "/connections", body={})

        assert len(received) == 1


@pytest.mark.parametrize("method", WRITES)
def test_a_write_is_never_retried_after_a_dropped_connection(method):
    with server(lambda to, count: drop(to)) as (url, received):
        with pytest.raises(ConnectionFailed):
            Request(url, KEY, SECRET).send(method, "/connections", body={})

        assert len(received) == 1


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses to which connections were attempted."""
    attempts: list[object] = []
    connect = connection.create_connection

    def count(address: tuple[str, int], *arguments: object, **options: object) -> socket.socket:
        attempts.append(address)
        return connect(address, *arguments, **options)

    monkeypatch.setattr(connection, "create_connection", count)
    return attempts


@pytest.mark.parametrize(("method", "tries"), [("GET", 3), ("POST", 1), ("PATCH", 1)])
def test_a_refused_connection_is_retried_only_for_a_get(connections, method, tries):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"

    with pytest.raises(ConnectionFailed, match="cannot be reached") as caught:
        Request(url, KEY, SECRET).send(method, "/connections")

    text_of(caught.value)
    assert len(connections) == tries


def test_an_invalid_address_raises_connection_failed():
    with pytest.raises(ConnectionFailed):
        Request("http://a..b", KEY, SECRET).send("GET", "/x")


@pytest.mark.parametrize("method", ["GET", *WRITES])
def test_a_server_that_never_answers_is_not_retried(method):
    with silence() as (url, callers):
        with pytest.raises(TimedOut, match=r"within 0\.2 seconds") as caught:
            Request(url, KEY, SECRET, timeout=0.2).send(method, "/connections")

        text_of(caught.value)
        assert len(callers) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_does_not_accept_is_not_retried(connections, method):
    # The backlog is full: further connections are neither accepted nor refused.
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for filling in (first, second):
            filling.setblocking(False)
            filling.connect_ex(listening.getsockname())

        with pytest.raises(TimedOut, match=r"within 0\.2 seconds"):
            Request(
                f"http://127.0.0.1:{listening.getsockname()[1]}", KEY, SECRET, timeout=0.2
            ).send(method, "/connections")

        assert len(connections) == 1


def test_connecting_has_a_shorter_timeout_than_reading(api, request_to_api):
    api.get(f"{API}/v1/x", json={})

    request_to_api.send("GET", "/x")

    assert api.calls[0].request.req_kwargs["timeout"] == (5.0, 60.0)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_response_that_stops_halfway_is_not_retried(method):
    done = threading.Event()

    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        reply(to, 200, b'{"data"', length="500")
        to.wfile.flush()
        done.wait(10)

    with server(handle) as (url, received):
        with pytest.raises(TimedOut, match=r"within 0\.2 seconds"):
            Request(url, KEY, SECRET, timeout=0.2).send(method, "/connections")
        done.set()

        assert len(received) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_truncated_response_raises_connection_failed(method):
    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        reply(to, 200, b'{"data": {}}', length="500")
        to.close_connection = True

    with server(handle) as (url, received):
        with pytest.raises(ConnectionFailed):
            Request(url, KEY, SECRET).send(method, "/connections")

        assert len(received) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(status, method):
    with (
        server(lambda to, count: reply(to, 200, b'{"data": {}}')) as (elsewhere, strangers),
        server(lambda to, count: reply(to, status, b"", Location=f"{elsewhere}/v1/x")) as (
            url,
            received,
        ),
    ):
        with pytest.raises(BadAnswer):
            Request(url, KEY, SECRET).send(method, "/connections")

        assert len(received) == 1
        assert strangers == []


def test_cookies_are_not_kept():
    with server(lambda to, count: reply(to, 200, b"{}", Set_Cookie="a=b; Path=/")) as (
        url,
        received,
    ):
        request = Request(url, KEY, SECRET)

        request.send("GET", "/x")
        request.send("GET", "/x")

        assert [to.headers.get("Cookie") for to in received] == [None, None]


def test_a_connection_is_reused():
    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        to.protocol_version = "HTTP/1.1"
        reply(to, 200, b"{}", Connection="keep-alive")
        to.close_connection = False

    with server(handle) as (url, received):
        request = Request(url, KEY, SECRET)

        request.send("GET", "/x")
        request.send("POST", "/x", body={"a": 1})
        request.close()

        assert len({to.client_address for to in received}) == 1


def test_no_proxy_is_used_on_loopback(monkeypatch):
    with (
        server(lambda to, count: reply(to, 502, b"")) as (proxy, proxied),
        server(lambda to, count: reply(to, 200, b'{"data": {"at": "home"}}')) as (url, received),
    ):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        assert Request(url, KEY, SECRET).send("GET", "/x") == {"at": "home"}
        assert (len(received), proxied) == (1, [])


def test_the_proxy_of_the_environment_is_used_elsewhere(monkeypatch):
    with server(lambda to, count: reply(to, 200, b'{"data": {"by": "proxy"}}')) as (proxy, proxied):
        monkeypatch.setenv("http_proxy", proxy)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)

        assert Request("http://fivetran.example", KEY, SECRET).send("GET", "/x") == {"by": "proxy"}
        assert proxied[0].path == "http://fivetran.example/v1/x"


def test_many_threads_share_one_request():
    threads = 8
    together = threading.Barrier(threads)
    results: list[dict] = []

    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        together.wait()
        reply(to, 200, f'{{"data": {{"path": "{to.path}"}}}}'.encode())

    with server(handle) as (url, _):
        request = Request(url, KEY, SECRET)

        def call(number: int) -> None:
            results.append({number: request.send("GET", f"/{number}")["path"]})

        callers = [threading.Thread(target=call, args=(number,)) for number in range(threads)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()

    assert sorted(results, key=str) == [{number: f"/v1/{number}"} for number in range(threads)]


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("beginning", "piece"),
    [
        pytest.param(b"HTTP/1.1 ", b" ", id="status-line"),
        pytest.param(OK, b"X", id="header-without-end"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="only-interim-answers"),
        pytest.param(OK + b"Content-Length: 100000\r\n\r\n", b" ", id="body"),
        pytest.param(OK + b"\r\n", b" ", id="body-without-length"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="chunks"),
        pytest.param(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0", id="length-of-a-chunk"),
        pytest.param(
            b"HTTP/1.1 503 Busy\r\nContent-Length: 100000\r\n\r\n", b" ", id="body-of-an-error"
        ),
    ],
)
def test_a_slow_response_is_limited_by_the_deadline(method, beginning, piece):
    with slow_server(beginning, piece) as server:
        request = Request(server.url, KEY, SECRET, timeout=0.3)

        with pytest.raises(TimedOut, match=r"within 0\.3 seconds"):
            request.send(method, "/connections")

        request.close()


def test_all_attempts_share_one_deadline():
    done = threading.Event()

    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        done.wait(0.2)
        reply(to, 503, b"")

    with server(handle) as (url, received):
        with pytest.raises((TimedOut, ServerFailed)):
            Request(url, KEY, SECRET, timeout=0.3).send("GET", "/connections")
        done.set()

        assert len(received) <= 2


def test_after_an_abandoned_response_the_next_call_works():
    done, hangs = threading.Event(), threading.Event()
    hangs.set()

    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        to.protocol_version = "HTTP/1.1"
        hanging = hangs.is_set()
        reply(to, 200, b'{"data": {}}', length="500" if hanging else "12")
        to.close_connection = False
        if hanging:
            to.wfile.flush()
            done.wait(60)

    with server(handle) as (url, _):
        request = Request(url, KEY, SECRET, timeout=0.02)
        for _ in range(40):
            with pytest.raises(TimedOut):
                request.send("POST", "/x")
        hangs.clear()
        request.timeout = 60.0

        assert request.send("POST", "/x") == {}
        pool = request._session.get_adapter(url).poolmanager.connection_from_url(url).pool
        assert (
            sum(connection is not None and connection.sock is not None for connection in pool.queue)
            <= 1
        )
        done.set()
        request.close()


@pytest.mark.parametrize("status", [200, 302, 400, 503])
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "compressed"])
def test_an_oversized_response_is_not_read_to_its_end(monkeypatch, status, compressed):
    monkeypatch.setattr("pbf.fivetran.parsing.MEGABYTES", 1)
    body = b'{"data": {"a": "' + b"a" * 50_000_000 + b'"}}'
    headers = {"Content_Encoding": "gzip"} if compressed else {}
    content = gzip.compress(body, 1) if compressed else body
    sizes: list[int] = []
    original = requests.Response.iter_content

    def iter_content(response, size):
        for chunk in original(response, size):
            sizes.append(len(chunk))
            yield chunk

    monkeypatch.setattr(requests.Response, "iter_content", iter_content)

    def handle(to: BaseHTTPRequestHandler, count: int) -> None:
        with suppress(OSError):  # the client stops reading
            reply(to, status, content, Location="/elsewhere", **headers)
        to.close_connection = True

    with server(handle) as (url, _):
        request = Request(url, KEY, SECRET)
        with pytest.raises(BadAnswer, match="exceeds 1 MB"):
            request.send("POST", "/x")
        request.close()

    assert sum(sizes) < 2 * 1024 * 1024


def test_a_deeply_nested_response_raises_an_error(api, request_to_api):
    api.get(f"{API}/v1/x", body=b"[" * 100_000)
    api.get(f"{API}/v1/y", status=400, body=b"[" * 100_000)

    with pytest.raises(BadAnswer):
        request_to_api.send("GET", "/x")
    with pytest.raises(InvalidRequest):
        request_to_api.send("GET", "/y")


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        pytest.param({"Date": "Sun, 06 Nov 1994 08:49:37 GMT"}, 784111777.0, id="date"),
        pytest.param({}, None, id="none"),
        pytest.param({"Date": "yesterday"}, None, id="no-date"),
        pytest.param({"Date": "Sun, 06 Nov 99999 08:49:37 GMT"}, None, id="no-such-year"),
    ],
)
@pytest.mark.parametrize("status", [200, 429, 500])
def test_the_date_of_the_latest_response_is_kept(api, request_to_api, headers, date, status):
    api.post(f"{API}/v1/connections", status=status, json={}, headers=headers)

    with suppress(ApiError):
        request_to_api.send("POST", "/connections", body={})

    assert request_to_api.latest.date == date


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'{"data": {"odd": NaN, "fine": 1}}', "1", id="not-a-number"),
        pytest.param(b'{"data": {"odd": %s, "fine": 1}}' % (b"9" * 5000), "1", id="long-number"),
        pytest.param(b'{"data": {"odd": "\xff", "fine": "\xc3\xa9"}}', "\u00e9", id="bad-utf-8"),
        pytest.param(b'\xef\xbb\xbf{"data": {"fine": 1}}', "1", id="byte-order-mark"),
    ],
)
def test_an_invalid_value_does_not_spoil_a_response(api, request_to_api, body, value):
    api.get(f"{API}/v1/groups/a", body=body)

    assert str(request_to_api.send("GET", "/groups/a")["fine"]) == value
