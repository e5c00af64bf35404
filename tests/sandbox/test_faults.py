"""Injected faults, over real HTTP."""

import http.client
import json
import socket
import threading
from base64 import b64encode

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.control.fault_rules import pattern
from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer

GROUP = {"name": "Lost_and_found"}


class RecordedWaits(threading.Event):
    """Records the seconds of each wait, and returns at once."""

    def __init__(self):
        super().__init__()
        self.seconds = []

    def wait(self, timeout=None):
        self.seconds.append(timeout)
        return False


@pytest.fixture
def server():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def control(server):
    return server.world.control


@pytest.fixture
def waits(server):
    server.world.control.ended = RecordedWaits()
    return server.world.control.ended.seconds


@pytest.fixture
def ask(server):
    """Send a request over a connection of its own; the caller reads the answer."""
    connections = []
    pair = f"{server.world.api_key}:{server.world.api_secret}".encode()
    headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}

    def send(method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]))
        connections.append(connection)
        content = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**headers, **kind})
        return connection.getresponse()

    yield send
    for connection in connections:
        connection.close()


def raw(server, path="/v1/groups"):
    """Return all bytes of the answer to one request, and how the connection ended."""
    received = b""
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(address) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        try:
            while more := connection.recv(65536):
                received += more
        except ConnectionResetError:
            return received, "reset"
    return received, "closed"


def names(ask):
    return [group["name"] for group in json.load(ask("GET", "/v1/groups"))["data"]["items"]]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("429", 429, "TooManyRequests"),
        ("500", 500, "InternalServerError"),
        ("502", 502, "BadGateway"),
        ("504", 504, "GatewayTimeout"),
    ],
)
def test_an_error_status_is_sent_and_the_work_is_not_done(ask, control, kind, status, code):
    control.add_fault(kind, method="POST", path="/v1/groups")

    answer = ask("POST", "/v1/groups", GROUP)

    assert (answer.status, json.load(answer)["code"]) == (status, code)
    assert GROUP["name"] not in names(ask)


def test_a_429_says_when_to_retry(ask, control):
    control.add_fault("429", retry_after=7)

    answer = ask("GET", "/v1/groups")

    assert answer.headers["Retry-After"] == "7"
    assert answer.headers["X-Rate-Limit-Remaining"] == "0"


def test_html_is_sent_instead_of_json(ask, control):
    control.add_fault("html")

    answer = ask("GET", "/v1/groups")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.read().startswith(b"<!doctype html>")


def test_a_refused_connection_is_reset_without_a_byte(server, control):
    control.add_fault("refuse")

    assert raw(server) == (b"", "reset")


def test_a_dropped_connection_closes_without_a_byte_and_without_the_work(server, ask, control):
    control.add_fault("drop", times=2)

    received = raw(server)
    with pytest.raises(http.client.RemoteDisconnected):
        ask("POST", "/v1/groups", GROUP)

    assert received == (b"", "closed")
    assert GROUP["name"] not in names(ask)


def test_a_lost_answer_leaves_the_work_done(ask, control):
    control.add_fault("lost_answer", method="POST")

    with pytest.raises(http.client.RemoteDisconnected):
        ask("POST", "/v1/groups", GROUP)

    assert GROUP["name"] in names(ask)
    assert control.log.entries()[0]["status"] == 201


def test_a_late_500_leaves_the_work_done(ask, control):
    control.add_fault("late_500", method="POST")

    answer = ask("POST", "/v1/groups", GROUP)

    assert (answer.status, json.load(answer)["code"]) == (500, "InternalServerError")
    assert GROUP["name"] in names(ask)


def test_a_cut_answer_is_shorter_than_its_content_length(ask, control):
    control.add_fault("cut")
    answer = ask("GET", "/v1/groups")

    with pytest.raises(http.client.IncompleteRead) as caught:
        answer.read()

    promised = int(answer.headers["Content-Length"])
    assert len(caught.value.partial) == promised // 2
    assert answer.status == 200


def test_a_trickle_sends_the_whole_answer_in_small_pieces(ask, control, waits):
    control.add_fault("trickle", seconds=40)

    answer = ask("GET", "/v1/groups")

    assert json.load(answer)["code"] == "Success"
    assert len(waits) == 20
    assert sum(waits) == pytest.approx(40)


def test_a_delay_precedes_the_work(ask, control, waits):
    control.add_fault("delay", seconds=12.5)

    answer = ask("GET", "/v1/groups")

    assert answer.status == 200
    assert waits == [12.5]


def test_stopping_the_server_ends_a_delay():
    with SandboxServer() as server:
        server.world.control.add_fault("delay", seconds=600)
        waiting = threading.Event()
        server.world.control.ended = AnnouncedWait(waiting)
        caller = threading.Thread(target=raw, args=(server,))
        caller.start()
        assert waiting.wait(20)

    caller.join(20)

    assert not caller.is_alive()


class AnnouncedWait(threading.Event):
    """Sets another event when a wait begins."""

    def __init__(self, waiting):
        super().__init__()
        self._waiting = waiting

    def wait(self, timeout=None):
        self._waiting.set()
        return super().wait(timeout)


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [("card_expired", 403, b"has expired"), ("card_unknown", 404, b"not valid")],
)
def test_a_card_can_be_expired_or_unknown_once(server, ask, control, kind, status, words):
    connection_id = next(iter(server.world.connections))
    body = {"connect_card_config": {"redirect_uri": "https://vendor.example/"}}
    card = json.load(ask("POST", f"/v1/connections/{connection_id}/connect-card", body))
    path = card["data"]["connect_card"]["uri"].removeprefix(server.url)
    control.add_fault(kind)

    failed, shown = ask("GET", path), ask("GET", path)

    assert (failed.status, shown.status) == (status, 200)
    assert words in failed.read()


def test_a_fault_applies_to_the_next_matching_requests_and_no_others(ask, control):
    control.add_fault("500", method="GET", path="/v1/connections/*", times=2)

    statuses = [
        ask(method, path).status
        for method, path in (
            ("GET", "/v1/connections"),
            ("DELETE", "/v1/connections/nobody"),
            ("GET", "/v1/connections/nobody"),
            ("GET", "/v1/connections/nobody/schemas"),
            ("GET", "/v1/connections/nobody/"),
            ("GET", "/v1/connections/nobody"),
        )
    ]

    assert statuses == [200, 404, 500, 404, 500, 404]
    assert control.faults() == []


def test_the_older_of_two_faults_applies_first(ask, control):
    control.add_fault("500")
    control.add_fault("502")

    assert [ask("GET", "/v1/groups").status for _ in range(3)] == [500, 502, 200]


def test_a_share_applies_to_the_same_requests_for_the_same_seed():
    def applied(seed):
        world = Sandbox(seed=seed)
        world.control.add_fault("500", share=0.3)
        return [world.control.fault_for("GET", "/v1/groups") is not None for _ in range(400)]

    first = applied(5)

    assert first == applied(5) != applied(6)
    assert 90 < sum(first) < 150


def test_a_share_can_be_limited_to_a_number_of_requests(world):
    world.control.add_fault("500", share=0.5, times=3)

    applied = sum(world.control.fault_for("GET", "/") is not None for _ in range(100))

    assert applied == 3


def test_a_fault_can_be_cleared(ask, control):
    first, second = control.add_fault("500", times=9), control.add_fault("502", times=9)

    control.clear_faults(first.id)
    status = ask("GET", "/v1/groups").status
    control.clear_faults()

    assert (status, ask("GET", "/v1/groups").status) == (502, 200)
    with pytest.raises(NotFound):
        control.clear_faults(second.id)


def test_control_is_exempt_from_faults(ask, control):
    control.add_fault("refuse", times=9)

    assert ask("GET", "/_control/state").status == 200


def test_the_log_records_the_fault_of_a_request(server, control):
    control.add_fault("refuse")
    raw(server)
    raw(server)

    first, second = control.log.entries()

    assert (first["status"], first["fault"], first["kind"]) == (0, "refuse", "GET /v1/groups")
    assert (second["status"], second["fault"], second["kind"]) == (401, "", "GET /v1/groups")


@pytest.mark.parametrize("kind", ["refuse", "drop", "lost_answer", "cut", "trickle"])
def test_without_a_socket_of_its_own_the_sandbox_answers_502(world, kind):
    world.control.add_fault(kind, path="/v1/groups", method="POST")
    auth = (world.api_key, world.api_secret)

    answer = create_app(world).test_client().post("/v1/groups", json=GROUP, auth=auth)

    assert answer.status_code == 502
    assert answer.json["message"] == f"The injected fault '{kind}' needs the sandbox's own server"
    created = GROUP["name"] in [group.name for group in world.groups.values()]
    assert created == (kind in ("lost_answer", "cut", "trickle"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "flood"}, "'kind' must be one of"),
        ({"kind": "500", "method": "BREW"}, "'method'"),
        ({"kind": "500", "path": "v1"}, "'path'"),
        ({"kind": "500", "times": 0}, "'times'"),
        ({"kind": "500", "times": True}, "'times'"),
        ({"kind": "500", "share": 1.5}, "'share'"),
        ({"kind": "500", "share": float("nan")}, "'share'"),
        ({"kind": "delay", "seconds": 601}, "'seconds'"),
        ({"kind": "500", "colour": "red"}, "Unknown field 'colour'"),
    ],
)
def test_an_invalid_fault_is_refused(world, fields, message):
    with pytest.raises(InvalidInput, match=message):
        world.control.add_fault(**fields)


@pytest.mark.parametrize(
    ("path", "matching", "rejected"),
    [
        ("/**", ["/", "/v1/groups", "/connect-card/setup"], []),
        ("/v1/groups", ["/v1/groups", "/v1/groups/"], ["/v1/groups/a", "/v1/group"]),
        ("/v1/*/a_b", ["/v1/groups/a_b"], ["/v1/groups/x/a_b", "/v1/a_b"]),
        ("/v1/**/columns", ["/v1/c/s/columns"], ["/v1/c/s"]),
        ("/v1/a.b", ["/v1/a.b"], ["/v1/axb"]),
    ],
)
def test_paths_are_patterns(path, matching, rejected):
    assert all(pattern(path).fullmatch(candidate) for candidate in matching)
    assert not any(pattern(path).fullmatch(candidate) for candidate in rejected)
