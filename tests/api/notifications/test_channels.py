"""Channels by the JSON API: who may see and change which, and what is secret."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pbf.rules.access.permissions import Role
from tests.support.tenants import client_of, sign_in, start_with_tenants

SECRET_PATH = "canaryHook7Qm4Zx9Kd2"


@pytest.fixture
def runtime(sandbox, tmp_path):
    started = start_with_tenants(
        sandbox, tmp_path, notify_private=True, mail_url="mailto://127.0.0.1:1?from=a@b.example"
    )
    yield started
    started.close()


@pytest.fixture
def receiver():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.received = received
    server.url = f"http://127.0.0.1:{server.server_port}/{SECRET_PATH}"
    yield server
    server.shutdown()
    server.server_close()


def hook(url, **values):
    return {"kind": "webhook", "name": "Monitoring", "address": url, **values}


def test_a_message_that_is_no_longer_listed_can_be_sent_again(runtime, receiver, monkeypatch):
    admin = client_of(runtime, cookie=sign_in(runtime, "Ada", Role.ADMIN).cookie)
    channel = f"/_/channels/{admin.post('/_/channels', json=hook(receiver.url)).json['id']}"
    admin.post(f"{channel}/test", json={})
    (delivery,) = admin.get(f"{channel}/deliveries").json
    monkeypatch.setattr("pbf.watch.notifications.channels.LISTED", 0)

    again = admin.post(f"{channel}/deliveries/{delivery['id']}", json={})

    assert (again.status_code, again.json["status"]) == (200, "waiting")


def test_an_admin_adds_tests_and_removes_a_webhook(runtime, receiver, caplog):
    admin = client_of(runtime, cookie=sign_in(runtime, "Ada", Role.ADMIN).cookie)

    added = admin.post("/_/channels", json=hook(receiver.url))
    channel = f"/_/channels/{added.json['id']}"
    tested = admin.post(f"{channel}/test", json={})
    (delivery,) = admin.get(f"{channel}/deliveries").json
    again = admin.post(f"{channel}/deliveries/{delivery['id']}", json={})
    runtime.notifier.deliver_due()
    listed = admin.get("/_/channels")
    audit = admin.get("/_/audit.csv")
    removed = admin.delete(channel)

    assert (added.status_code, tested.json) == (201, {"delivered": True, "problem": ""})
    assert (delivery["kind"], delivery["status"], again.json["status"]) == (
        *("test", "sent"),
        "waiting",
    )
    assert len(receiver.received) == 2
    assert receiver.received[0] == receiver.received[1]
    assert (removed.status_code, admin.get("/_/channels").json) == (200, [])
    secret = added.json["secret"]
    assert secret.startswith("whsec_")
    everything = listed.text + audit.text + added.text.replace(secret, "") + caplog.text
    assert "add a channel" in audit.text
    assert SECRET_PATH not in everything
    assert secret not in everything


def test_everybody_has_channels_of_their_own_and_only_admins_those_of_the_tenant(runtime):
    admin = client_of(runtime, cookie=sign_in(runtime, "Ada", Role.ADMIN).cookie)
    viewer = client_of(runtime, cookie=sign_in(runtime, "Vera", Role.VIEWER).cookie)
    foreign = client_of(runtime, cookie=sign_in(runtime, "Gus", Role.ADMIN, "globex").cookie)
    mail = {"kind": "mail", "name": "Me", "address": "vera@people.example"}

    shared = admin.post("/_/channels", json=hook("https://erp.example/x")).json["id"]
    own = viewer.post("/_/channels", json={**mail, "audience": "me"})
    refused = viewer.post("/_/channels", json=mail)

    assert (own.status_code, own.json["address"]) == (201, "v***@people.example")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert [one["id"] for one in viewer.get("/_/channels").json] == [own.json["id"]]
    assert [one["id"] for one in admin.get("/_/channels").json] == [shared]
    assert foreign.get("/_/channels").json == []
    for caller, id_ in ((viewer, shared), (admin, own.json["id"]), (foreign, shared)):
        assert caller.delete(f"/_/channels/{id_}").json["error"]["code"] == "unknown_channel"
        assert caller.get(f"/_/channels/{id_}/deliveries").status_code == 404


def test_what_cannot_be_a_channel_is_refused_in_a_sentence(runtime):
    admin = client_of(runtime, cookie=sign_in(runtime, "Ada", Role.ADMIN).cookie)
    url = "https://erp.example/x"

    def code(**values):
        answer = admin.post("/_/channels", json=hook(url) | values)
        return answer.json["error"]["code"]

    assert code(address="file:///etc", kind="message") == "invalid_channel"
    assert code(time_zone="Mars/Phobos") == "invalid_channel"
    assert code(quiet_from="22:00") == "invalid_channel"
    assert code(scope="connector", target="not_ours") == "unknown_connector"
    assert code(scope="connector") == "invalid_channel"
    assert code(events=["nonsense"]) == "invalid_request"
    assert code(secret="x") == "invalid_request"


def test_a_test_that_fails_says_why_and_the_problem_stays(runtime):
    admin = client_of(runtime, cookie=sign_in(runtime, "Ada", Role.ADMIN).cookie)
    mail = {"kind": "mail", "name": "Team", "address": "team@people.example"}
    id_ = admin.post("/_/channels", json=mail).json["id"]

    result = admin.post(f"/_/channels/{id_}/test", json={}).json

    (listed,) = admin.get("/_/channels").json
    assert result["delivered"] is False
    assert "did not take the message" in result["problem"]
    assert listed["problem"] == result["problem"]
