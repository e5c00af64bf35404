"""Webhooks: their operations, their events, and failed deliveries."""

import hashlib
import hmac
import json
import socket
from collections import deque
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Condition, Thread

import pytest

from pbf.sandbox.server import SandboxServer
from pbf.sandbox.webhooks.deliveries import Result, is_loopback
from pbf.sandbox.webhooks.events import EVENTS

HOUR = 3600.0
SIGNATURE = "X-Fivetran-Signature-256"


@dataclass
class Receiver:
    """Receives webhooks and answers with the statuses that a test sets, then with 200."""

    url: str = ""
    statuses: deque = field(default_factory=deque)
    requests: list = field(default_factory=list)
    received: Condition = field(default_factory=Condition)

    @property
    def events(self):
        return [json.loads(body) for _, body in self.requests]

    @property
    def names(self):
        return [event["event"] for event in self.events]

    def wait_for(self, count):
        with self.received:
            assert self.received.wait_for(lambda: len(self.requests) >= count, timeout=20)


@pytest.fixture
def receiver():
    target = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with target.received:
                target.requests.append((self.headers, body))
                target.received.notify_all()
            self.send_response(target.statuses.popleft() if target.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        target.url = f"http://127.0.0.1:{server.server_port}/hook?team=1"
        yield target
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_url():
    """A URL on this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


@pytest.fixture
def hook(api, receiver):
    """Create a webhook for these events, and drop the request of its test."""

    def make(*events, path="/webhooks/account", **fields):
        body = {"url": receiver.url, "events": list(events), "active": True, **fields}
        answer = api.post(path, body)
        assert answer.status_code == 200, answer.json
        receiver.requests.clear()
        return answer.json["data"]

    return make


def test_a_webhook_is_created_updated_and_deleted(api, receiver, world):
    body = {"url": receiver.url, "events": ["sync_end"], "secret": "quiet"}
    created = api.post("/webhooks/account", body)
    path = f"/webhooks/{created.json['data']['id']}"
    read = api.get(path)
    changed = api.patch(path, {"events": ["sync_start", "sync_end"], "active": False})
    listed = api.data("/webhooks")["items"]
    deleted = api.send("DELETE", path)

    data = created.json["data"]
    assert (created.status_code, created.json["message"]) == (
        200,
        "Account webhook has been created",
    )
    assert list(data) == [
        "id", "type", "url", "events", "active", "secret", "created_at", "created_by",
    ]  # fmt: skip
    assert (data["type"], data["active"], data["secret"]) == ("account", True, "******")
    assert data["created_by"] == world.owner_id
    assert read.json["data"] == data
    assert changed.json["message"] == "Webhook has been updated"
    assert changed.json["data"] == {**data, "events": ["sync_start", "sync_end"], "active": False}
    assert listed == [changed.json["data"]]
    assert deleted.json["message"] == f"Webhook with id '{data['id']}' has been deleted"
    assert api.get(path).json["code"] == "NotFound"


def test_a_group_webhook_names_its_group(api, world, hook):
    created = hook("sync_end", path=f"/webhooks/group/{world.group_id}")

    assert (created["type"], created["group_id"]) == ("group", world.group_id)
    assert "secret" not in created
    assert api.post("/webhooks/group/nobody", {}).json["code"] == "NotFound_Group"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"url": None}, "Field 'url' is required", id="no-url"),
        pytest.param({"events": None}, "Field 'events' is required", id="no-events"),
        pytest.param({"events": []}, "Field 'events' is required", id="empty-events"),
        pytest.param({"events": ["lunch"]}, "Invalid 'events' value 'lunch'", id="unknown-event"),
        pytest.param({"events": "sync_end"}, "Invalid 'events' value", id="events-text"),
        pytest.param({"events": [{}]}, "Invalid 'events' value '{}'", id="events-objects"),
        pytest.param({"active": "yes"}, "Invalid 'active' value", id="active-text"),
        pytest.param({"secret": 7}, "Invalid 'secret' value", id="secret-number"),
        pytest.param({"url": "ftp://127.0.0.1/"}, "Invalid 'url' value", id="not-http"),
        pytest.param({"url": "https://"}, "Invalid 'url' value", id="no-host"),
        pytest.param({"url": "https://127.0.0.1:x/"}, "Invalid 'url' value", id="bad-port"),
        pytest.param({"url": "https://[::1/"}, "Invalid 'url' value", id="bad-brackets"),
        pytest.param(
            {"url": "http://vendor.example/"},
            "The 'url' must be secure: it must start with 'https'",
            id="plain",
        ),
        pytest.param(
            {"url": "https://vendor.example/"},
            "The webhook URL did not pass the test: "
            "the sandbox calls only its own machine, not vendor.example",
            id="elsewhere",
        ),
    ],
)
def test_a_bad_webhook_is_refused(api, receiver, change, message):
    body = {"url": receiver.url, "events": ["sync_end"], "active": True, **change}

    answer = api.post("/webhooks/account", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")
    assert answer.json["message"] == message
    assert api.data("/webhooks")["items"] == []


def test_an_active_webhook_must_pass_its_test(api, receiver, closed_url):
    receiver.statuses.append(500)
    body = {"url": receiver.url, "events": ["create_connector"]}

    failing = api.post("/webhooks/account", body)
    silent = api.post("/webhooks/account", {**body, "url": closed_url})

    assert (failing.status_code, silent.status_code) == (400, 400)
    assert "Internal Server Error" in failing.json["message"]
    assert "ConnectionRefusedError" in silent.json["message"]
    assert api.data("/webhooks")["items"] == []
    assert receiver.events == [
        {
            "event": "test_event",
            "created": receiver.events[0]["created"],
            "connector_type": "_connector_type",
            "connector_id": "_connector_1",
            "group_id": "_destination_1",
        }
    ]


@pytest.mark.parametrize("is_signed", [True, False])
def test_the_probe_may_be_unsigned(api, receiver, world, is_signed):
    world.assumptions = replace(world.assumptions, webhook_probe_is_signed=is_signed)

    api.post("/webhooks/account", {"url": receiver.url, "events": ["sync_end"], "secret": "quiet"})

    assert (SIGNATURE in receiver.requests[0][0]) is is_signed


def test_a_kept_webhook_survives_a_reset_and_is_not_probed(api, receiver, world, create):
    world.webhooks.keep(receiver.url, events=["create_connector"], secret="quiet")
    world.reset()
    connection = create()
    world.webhooks.pump()

    assert [item["url"] for item in api.data("/webhooks")["items"]] == [receiver.url]
    assert [event["connector_id"] for event in receiver.events] == [connection["id"]]


def test_an_inactive_webhook_is_tested_when_it_becomes_active(api, closed_url, receiver):
    body = {"url": closed_url, "events": ["sync_end"], "active": False}
    created = api.post("/webhooks/account", body)
    path = f"/webhooks/{created.json['data']['id']}"

    refused = api.patch(path, {"active": True})
    accepted = api.patch(path, {"active": True, "url": receiver.url})

    assert created.status_code == 200
    assert refused.status_code == 400
    assert accepted.json["data"]["active"] is True
    assert len(receiver.requests) == 1


def test_an_inactive_webhook_may_have_any_url(api):
    body = {"url": "https://vendor.example/hook", "events": ["sync_end"], "active": False}

    created = api.post("/webhooks/account", body)
    tested = api.post(f"/webhooks/{created.json['data']['id']}/test", {"event": "sync_end"})

    assert created.status_code == 200
    assert tested.json["data"]["succeed"] is False


def test_a_test_sends_the_chosen_event(api, hook, receiver):
    path = f"/webhooks/{hook('sync_end')['id']}/test"
    receiver.statuses.extend([204, 404])

    good = api.post(path, {"event": "connection_failure"})
    bad = api.post(path, {"event": "sync_end"})
    unknown = api.post(path, {"event": "lunch"})
    missing = api.post(path, {})

    assert good.json["message"] == "Webhook test completed successfully"
    assert good.json["data"] == {"succeed": True, "status": 204, "message": "Success"}
    assert bad.json["data"] == {"succeed": False, "status": 404, "message": "Not Found"}
    assert (unknown.status_code, missing.status_code) == (400, 400)
    assert receiver.names == ["connection_failure", "sync_end"]


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_can_be_subscribed_to_and_tested(api, hook, receiver, event):
    created = hook(event)

    answer = api.post(f"/webhooks/{created['id']}/test", {"event": event})

    assert answer.json["data"]["succeed"] is True
    assert receiver.names == [event]


def test_a_payload_is_compact_signed_and_in_fivetrans_order(api, hook, receiver, seeded, world):
    hook("sync_start", "sync_end", secret="quiet")
    connection = seeded("stripe_payments")

    world.advance(HOUR)
    world.webhooks.pump()

    headers, body = next(
        (headers, body)
        for headers, body in receiver.requests
        if json.loads(body)["connector_id"] == connection["id"]
        and json.loads(body)["event"] == "sync_end"
    )
    event = json.loads(body)
    assert body == json.dumps(event, separators=(",", ":")).encode()
    assert list(event) == [
        "event", "created", "connector_type", "connector_id", "connector_name", "sync_id",
        "destination_group_id", "data",
    ]  # fmt: skip
    assert (event["connector_type"], event["connector_name"]) == ("stripe", "stripe_payments")
    assert event["destination_group_id"] == world.group_id
    assert event["data"] == {"status": "SUCCESSFUL"}
    assert len(event["created"]) == len("2026-11-20T12:39:41.000Z")
    assert event["created"].endswith("Z")
    assert [len(part) for part in event["sync_id"].split("-")] == [8, 4, 4, 4, 12]
    expected = hmac.new(b"quiet", body, hashlib.sha256).hexdigest().upper()
    assert headers[SIGNATURE] == expected
    assert headers["Content-Type"] == "application/json"


def test_without_a_secret_there_is_no_signature(hook, receiver, world, api, create):
    hook("create_connector")

    create()
    world.webhooks.pump()

    assert receiver.names == ["create_connector"]
    assert SIGNATURE not in receiver.requests[0][0]


def test_each_sync_sends_one_start_and_one_end(hook, receiver, seeded, world):
    hook("sync_start", "sync_end")
    connection = seeded("stripe_payments")["id"]

    for _ in range(18):
        world.advance(600)
        world.webhooks.pump()

    events = [event for event in receiver.events if event["connector_id"] == connection]
    assert [event["event"] for event in events] == ["sync_start", "sync_end"] * 3
    assert len({event["sync_id"] for event in events}) == 3
    assert [event["created"] for event in events] == sorted(event["created"] for event in events)
    assert world.webhooks.pump() == []


@pytest.mark.parametrize("pumps", [1, 9])
def test_the_events_do_not_depend_on_how_often_webhooks_are_pumped(hook, receiver, world, pumps):
    hook("sync_start", "sync_end")

    for _ in range(pumps):
        world.advance(3 * HOUR / pumps)
        world.webhooks.pump()

    names = [(event["connector_name"], event["event"]) for event in receiver.events]
    assert len(names) == 10
    assert names.count(("stripe_payments", "sync_end")) == 3
    assert [event["created"] for event in receiver.events] == sorted(
        event["created"] for event in receiver.events
    )


def test_operations_on_a_connection_send_events(api, client, create, hook, receiver, world):
    hook(*(event for event in EVENTS if not event.startswith("sync")))
    connection = create("postgres", {"schema_prefix": "shop"})
    path = f"/connections/{connection['id']}"

    api.post(f"{path}/test", {})
    api.patch(path, {"config": {"password": "hunter22"}, "run_setup_tests": True})
    api.patch(path, {"paused": True})
    api.patch(path, {"paused": True})
    api.patch(path, {"paused": False, "sync_frequency": 60})
    api.post(f"{path}/sync", {"force": True})
    api.post(f"{path}/resync", {})
    card = api.post(
        f"{path}/connect-card", {"connect_card_config": {"redirect_uri": "https://v.example/"}}
    )
    values = {"host": "h", "database": "d", "user": "u", "password": "p"}
    body = {"auth": card.json["data"]["connect_card"]["token"], "values": values}
    client.post("/connect-card/test", json={**body, "outcome": "fail"})
    client.post("/connect-card/test", json={**body, "outcome": "pass"})
    api.send("DELETE", path)
    world.webhooks.pump()

    assert receiver.names == [
        "create_connector",
        "connection_failure",
        "edit_connector",
        "connection_successful",
        "pause_connector",
        "resume_connector",
        "edit_connector",
        "force_update_connector",
        "resync_connector",
        "connection_failure",
        "connection_successful",
        "delete_connector",
    ]
    assert {event["connector_id"] for event in receiver.events} == {connection["id"]}
    assert receiver.events[0]["data"] == {"actor": world.owner_id, "id": connection["id"]}
    assert receiver.events[6]["data"]["properties"] == ["sync_frequency"]
    assert "hunter22" not in repr(receiver.requests)


def test_a_broken_connections_last_sync_ends_with_a_task(hook, receiver, seeded, world):
    hook("sync_end")
    connection = seeded("stripe_payments")["id"]
    world.advance(60)

    world.break_connection(connection)
    world.webhooks.pump()

    ends = [event for event in receiver.events if event["connector_id"] == connection]
    assert [event["data"]["status"] for event in ends] == ["FAILURE_WITH_TASK"]
    assert ends[0]["data"]["taskType"] == "reconnect"


def test_a_group_webhook_receives_events_of_its_group_only(api, hook, receiver, world, create):
    group_id = world.add_group("acme").id
    hook("create_connector", path=f"/webhooks/group/{group_id}")

    create()
    create(group_id=group_id)
    world.webhooks.pump()

    assert [event["destination_group_id"] for event in receiver.events] == [group_id]


def test_a_webhook_receives_no_events_from_before_its_creation(hook, receiver, world):
    world.advance(12 * HOUR)

    hook("sync_start", "sync_end")
    world.webhooks.pump()

    assert receiver.names == []


def test_retries_come_after_growing_waits(hook, receiver, world, create):
    hook("create_connector")
    receiver.statuses.extend([500] * 4)
    create()

    minutes = []
    for minute in range(60):
        minutes += [minute for _ in world.webhooks.pump()]
        world.advance(60)

    assert minutes == [0, 5, 15, 30, 50]
    assert len({body for _, body in receiver.requests}) == 1


def test_after_a_day_of_failures_a_webhook_is_disabled(api, hook, receiver, world, create):
    path = f"/webhooks/{hook('create_connector')['id']}"
    receiver.statuses.extend([500] * 100)
    create()

    states = []
    for _ in range(30):
        world.webhooks.pump()
        states.append(api.data(path)["active"])
        world.advance(HOUR)
    count = len(receiver.requests)
    create("gmail", {"schema": "mail"})

    assert states == [True] * states.index(False) + [False] * (30 - states.index(False))
    assert 24 <= states.index(False) <= 26
    assert world.webhooks.pump() == []
    assert len(receiver.requests) == count


def test_a_deleted_webhook_receives_nothing_more(api, hook, receiver, world, create):
    path = f"/webhooks/{hook('create_connector')['id']}"
    create()

    api.send("DELETE", path)

    assert world.webhooks.pump() == []
    assert receiver.requests == []


def test_a_failing_webhook_does_not_delay_another(api, hook, receiver, world, create):
    hook("create_connector")
    good = hook("create_connector")
    receiver.statuses.extend([503, 200, 200])
    create()
    create("gmail", {"schema": "mail"})

    attempts = world.webhooks.pump()

    succeeded = [attempt.webhook_id for attempt in attempts if attempt.result.succeeded]
    assert succeeded == [good["id"]] * 2
    assert [attempt.result for attempt in attempts if not attempt.result.succeeded] == [
        Result(503, "Service Unavailable")
    ]


def test_nothing_is_queued_without_webhooks(create, world):
    create()

    assert world.webhooks.deliveries.queue == {}


def test_a_reset_removes_webhooks(api, hook, world, create):
    hook("create_connector")
    create()

    world.reset()

    assert api.data("/webhooks")["items"] == []
    assert world.webhooks.pump() == []


def test_a_server_delivers_by_itself(receiver):
    with SandboxServer() as server:
        server.world.webhooks.create({"url": receiver.url, "events": ["create_connector"]})
        connection = next(iter(server.world.connections.values()))
        server.world.webhooks.record("create_connector", connection)

        receiver.wait_for(2)

    assert receiver.events[1]["connector_id"] == connection.id


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.vendor.example", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host, local):
    assert is_loopback(host) is local


def test_the_queue_of_a_failing_webhook_is_limited(world, monkeypatch):
    monkeypatch.setattr("pbf.sandbox.webhooks.deliveries.MOST_WAITING", 3)

    for number in range(5):
        world.webhooks.deliveries.add("hook", b"%d" % number, 0.0)

    assert [delivery.body for delivery in world.webhooks.deliveries.queue.values()] == [
        b"2",
        b"3",
        b"4",
    ]
