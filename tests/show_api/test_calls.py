import json
import threading

import pytest
import requests
import responses

from pbf.errors import ApiError
from pbf.fivetran.client import ApiClient, Request
from pbf.show_api import calls as recorded_calls
from pbf.show_api.calls import MOST_CALLS, Calls
from pbf.show_api.exchanges import LISTENER, Exchange, carrying

API, KEY, SECRET = "https://fivetran.example", "the-key-of-ours", "the-secret-of-ours"
CARD = "https://fivetran.com/connect-card/setup?auth=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhYmMifQ.c2ln"


@pytest.fixture
def calls(monkeypatch):
    """The calls of a session of the tenant acme, which this thread works for."""
    recorded = Calls()
    token = LISTENER.set(lambda exchange: recorded.record("acme", exchange))
    yield recorded
    LISTENER.reset(token)


@pytest.fixture
def client():
    request = Request(API, KEY, SECRET)
    yield ApiClient(request)
    request.close()


@responses.activate
def test_a_call_is_recorded_with_its_answer_and_the_requests_left(calls, client):
    answer = {"code": "Success", "data": {"id": "lamp", "service": "stripe", "paused": True}}
    headers = {"X-Rate-Limit": "500", "X-Rate-Limit-Remaining": "431", "Set-Cookie": "a=b"}
    responses.patch(f"{API}/v1/connections/lamp", json=answer, headers=headers)

    client.update_connector("lamp", paused=True)

    (call,) = calls.of("acme")
    assert (call.method, call.path, call.status) == ("PATCH", "/v1/connections/lamp", 200)
    assert json.loads(call.request) == {"paused": True}
    assert json.loads(call.answer) == answer
    assert call.requests_left == 431
    assert not call.is_from_cache
    assert dict(call.headers) == {
        "Content-Type": "application/json",
        "X-Rate-Limit": "500",
        "X-Rate-Limit-Remaining": "431",
    }
    assert dict(call.request_headers) == {
        "Accept": "application/json;version=2",
        "Authorization": "Basic ***",
        "Content-Type": "application/json",
    }


@responses.activate
def test_the_shown_headers_are_those_that_were_sent(calls, client):
    responses.get(f"{API}/v1/connections/lamp", json={"data": {"id": "lamp", "service": "s"}})

    client.get_connector("lamp")

    sent = responses.calls[0].request.headers
    shown = {**dict(calls.of("acme")[0].request_headers), "Authorization": sent["Authorization"]}
    assert {name: sent[name] for name in shown} == shown


@responses.activate
def test_neither_card_nor_key_is_recorded(calls, client):
    data = {"connect_card": {"token": "eyJhbGciOiJIUzI1NiJ9.eyJz.c2ln", "uri": CARD}}
    told = {"code": "Success", "message": f"{KEY} {SECRET}", "data": data}
    responses.post(f"{API}/v1/connections/lamp/connect-card", json=told)

    client.get_connect_card_url_for_connector(
        "lamp", redirect_uri=f"https://our.example/_/return?state=abc.{'x' * 6}.{'y' * 43}"
    )

    (call,) = calls.of("acme")
    assert json.loads(call.answer)["data"]["connect_card"] == {"token": "***", "uri": "[card]"}
    assert "/_/return?state=***" in call.request
    assert "eyJ" not in repr(call)


@responses.activate
def test_of_a_failure_only_the_sentence_that_pages_show_is_recorded(calls, client):
    responses.get(f"{API}/v1/connections/lamp", status=500, body="password=hunter2 <html>")

    with pytest.raises(ApiError):
        client.get_connector("lamp")

    (call,) = calls.of("acme")
    assert call.status == 500
    assert json.loads(call.answer) == {
        "error": "Fivetran failed to answer (500). Try again in a moment."
    }


@responses.activate
def test_a_call_without_an_answer_is_recorded(calls, client):
    responses.delete(f"{API}/v1/connections/lamp", body=requests.ConnectionError())

    with pytest.raises(ApiError):
        client.delete_connector("lamp")

    (call,) = calls.of("acme")
    assert call.status is None
    assert "cannot be reached" in call.answer


@responses.activate
def test_nothing_is_kept_without_a_listener(client, monkeypatch):
    monkeypatch.setattr(Exchange, "__init__", lambda *_: pytest.fail("an exchange was made"))
    responses.delete(f"{API}/v1/connections/lamp", json={"code": "Success"})

    client.delete_connector("lamp")

    assert len(responses.calls) == 1


@responses.activate
def test_another_thread_reports_only_what_it_fetches_for_the_session(calls, client):
    responses.delete(f"{API}/v1/connections/lamp", json={"code": "Success"})
    fetch = carrying(lambda: client.delete_connector("lamp"))

    for work in (lambda: client.delete_connector("lamp"), fetch):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert len(calls.of("acme")) == 1


def exchange(path: str = "/v1/connections/lamp", content: bytes = b"{}") -> Exchange:
    return Exchange("GET", path, {}, None, 1.0, 5, 200, {}, content)


def test_only_the_last_hundred_calls_are_kept():
    calls = Calls()

    for number in range(MOST_CALLS + 20):
        calls.record("acme", exchange(f"/v1/connections/c{number}"))

    kept = calls.of("acme")
    assert (len(kept), kept[0].path, kept[-1].path) == (
        100,
        "/v1/connections/c20",
        "/v1/connections/c119",
    )


def test_calls_of_another_tenant_are_not_returned():
    calls = Calls()
    calls.record("acme", exchange())

    assert calls.of("globex") == ()
    assert calls.last("globex", "GET", "/v1/connections/lamp") is None
    assert calls.last("acme", "GET", "/v1/connections/lamp") == calls.of("acme")[0]


def test_a_cached_list_is_recorded_once_for_each_time_it_was_read(monkeypatch):
    calls, path = Calls(), "/v1/groups/g/connections"
    monkeypatch.setattr(recorded_calls, "current_time", lambda: 1000.0)

    for read_at in (960.0, 960.0, 990.0, 999.0):
        calls.record_cached("acme", path, lambda: [{"id": "lamp"}], read_at=read_at)

    assert [call.age for call in calls.of("acme")] == [40.0, 10.0]
    assert calls.of("acme")[0].is_from_cache
    assert json.loads(calls.of("acme")[0].answer) == {"items": [{"id": "lamp"}]}


def test_of_many_cached_lists_the_last_hundred_are_remembered(monkeypatch):
    calls = Calls()
    monkeypatch.setattr(recorded_calls, "current_time", lambda: 1000.0)

    for number in range(MOST_CALLS + 20):
        calls.record_cached(f"t{number}", "/v1/x", list, read_at=960.0)
    calls.record_cached("t119", "/v1/x", list, read_at=960.0)

    assert len(calls._served) == 100
    assert len(calls.of("t119")) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>welcome", id="html"),
        pytest.param(b"\xff\xfe", id="not-utf8"),
        pytest.param(b"[" * 100_000, id="nested"),
        pytest.param(b"", id="empty"),
    ],
)
def test_an_answer_that_is_no_json_is_not_kept(content):
    calls = Calls()

    calls.record("acme", exchange(content=content))

    assert calls.of("acme")[0].answer == ""
