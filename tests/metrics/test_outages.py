"""An outage is one log line at its beginning and one at its end."""

import logging

import pytest
import requests
import responses
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from pbf.errors import ApiError, ConnectionFailed, ServerFailed, StoreFailed, Unauthorized
from pbf.fivetran.http.retries import GetOnly
from pbf.fivetran.http.transport import Request
from pbf.metrics.instruments import OUTAGE
from pbf.metrics.outages import QUIET, Outage
from pbf.store.database import Database
from tests.support.clock import Clock

API = "https://fivetran.example"
log = logging.getLogger("test")


def outage(clock: Clock) -> Outage:
    return Outage("database", log, begins="It is away (%s).", ends="It is back.", clock=clock)


def is_out(dependency: str) -> float:
    return OUTAGE.labels(dependency)._value.get()


def test_many_failures_are_one_line_and_their_end_is_another(caplog):
    clock = Clock()
    database = outage(clock)

    for _ in range(3):
        database.fails(OSError("a-secret"))
        clock.advance(10)
    during = is_out("database")
    database.answers()
    database.answers()

    assert [record.getMessage() for record in caplog.records] == [
        "It is away (OSError).",
        "It is back. The outage took 30 seconds.",
    ]
    assert (during, is_out("database")) == (1, 0)


def test_what_succeeds_between_failures_does_not_end_an_outage(caplog):
    clock = Clock()
    database = outage(clock)

    for _ in range(5):
        database.fails(OSError())
        clock.advance(QUIET / 2)
        database.answers()

    assert len(caplog.records) == 1


def test_an_outage_of_fivetran_is_logged_by_the_transport(monkeypatch, caplog):
    clock = Clock()
    request = Request(API, "the-key", "the-secret")
    monkeypatch.setattr(request._outage, "_clock", clock)
    monkeypatch.setattr(GetOnly, "get_backoff_time", lambda self: 0)

    def fails(error: type[ApiError]) -> None:
        with pytest.raises(error):
            request.send("GET", "/groups")

    with responses.RequestsMock() as api:
        api.get(f"{API}/v1/groups", status=503)
        fails(ServerFailed)
        api.replace(responses.GET, f"{API}/v1/groups", body=requests.ConnectionError())
        fails(ConnectionFailed)
        clock.advance(QUIET)
        api.replace(responses.GET, f"{API}/v1/groups", status=401)
        fails(Unauthorized)  # a refusal is an answer
    request.close()

    assert [record.getMessage() for record in caplog.records] == [
        "Fivetran does not answer (ServerFailed). Lists are served as they were last read.",
        "Fivetran answers again. The outage took 5 seconds.",
    ]


def test_an_outage_of_the_database_is_logged_by_its_transactions(monkeypatch, caplog):
    database, clock = Database("sqlite://"), Clock()
    gone = OperationalError("SELECT 'a-secret'", {}, Exception("gone"))
    monkeypatch.setattr(database._outage, "_clock", clock)

    for _ in range(2):
        with pytest.raises(StoreFailed), database.session():
            raise gone
    clock.advance(QUIET)
    with database.session() as session:
        session.execute(text("SELECT 1"))
    database.close()

    assert [record.getMessage() for record in caplog.records] == [
        "The database does not answer (OperationalError). Check it, its disk and PBF_DATABASE_URL.",
        "The database answers again. The outage took 5 seconds.",
    ]


@pytest.mark.parametrize("error", [StoreFailed("Away."), ConnectionFailed("Away.")])
def test_requests_that_fail_by_an_outage_have_no_line_each(
    app: Flask, client: FlaskClient, monkeypatch, caplog, error
):
    def fail() -> None:
        raise error

    monkeypatch.setitem(app.view_functions, "routes.list_connectors", fail)

    statuses = [client.get("/_/connectors").status_code for _ in range(3)]

    assert all(status >= 500 for status in statuses)
    assert caplog.records == []
