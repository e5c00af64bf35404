import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from pbf.errors import StoreFailed
from pbf.rules.access.permissions import Role
from pbf.rules.timeline.entries import Period
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.histories import write_history, write_observed
from tests.support.tenants import client_of, make_token, start_with_tenants

pytestmark = pytest.mark.usefixtures("without_lists")


@pytest.fixture
def connector_id(client: FlaskClient) -> str:
    listed = client.get("/_/connectors").json
    return next(one["id"] for one in listed if one["schema"] == "stripe_payments")


@pytest.fixture
def syncs(runtime: Runtime, connector_id: str) -> str:
    """The address of the syncs of a connector that has 30, an hour apart."""
    write_history(runtime, connector_id, "s" * 28 + "fs")
    now = datetime.now(UTC)
    write_observed(runtime, connector_id, Period(now - timedelta(hours=20), now))
    return f"/_/connectors/{connector_id}/syncs"


def pages(client: FlaskClient, path: str, **query: object) -> list[list[dict]]:
    """All pages, each as its items."""
    result, cursor = [], None
    while True:
        sent = {**query, **({"cursor": cursor} if cursor else {})}
        answer = client.get(path, query_string=sent)
        assert answer.status_code == 200
        result.append(answer.json["items"])
        cursor = answer.json["next_cursor"]
        if cursor is None:
            return result


def test_the_newest_syncs_come_first_with_what_was_observed(client: FlaskClient, syncs: str):
    answer = client.get(syncs).json

    assert [item["outcome"] for item in answer["items"][:3]] == ["succeeded", "failed", "succeeded"]
    assert answer["items"][1]["reason"] == "The source did not answer."
    assert answer["items"][0]["volumes"] == {"extract_rows": 1200}
    assert [list(period) for period in answer["observed"]] == [["from", "to"]]
    assert answer["next_cursor"] is None


@pytest.mark.parametrize("limit", [1, 7, 29, 30, 31])
def test_pages_have_every_sync_once(client: FlaskClient, syncs: str, limit: int):
    read = pages(client, syncs, limit=limit)

    starts = [item["started_at"] for page in read for item in page]
    assert len(starts) == len(set(starts)) == 30
    assert starts == sorted(starts, reverse=True)
    assert all(len(page) == limit for page in read[:-1])


def test_a_period_limits_what_is_listed(client: FlaskClient, syncs: str):
    now = datetime.now(UTC)
    query = {"from": now - timedelta(hours=9.5), "to": now - timedelta(hours=4.5)}

    read = pages(client, syncs, **{name: at.isoformat() for name, at in query.items()})

    assert len(read[0]) == 5


def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, syncs: str):
    query = {"from": "2026-11-01", "to": "2026-11-20"}
    etag = client.get(syncs, query_string=query).headers["ETag"]

    answer = client.get(syncs, query_string=query, headers={"If-None-Match": etag})

    assert answer.status_code == 304


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        pytest.param({"from": "x"}, "from must be a time", id="no-time"),
        pytest.param({"to": "0001-01-01T00:00:00+14:00"}, "to must be a time", id="too-early"),
        pytest.param({"from": "2026-01-02", "to": "2026-01-02"}, "earlier than", id="empty"),
        pytest.param({"from": "2026-01-01", "to": "2026-05-01"}, "90 days", id="too-long"),
        pytest.param({"limit": "0"}, "limit must be", id="limit"),
        pytest.param({"limit": "1001"}, "limit must be", id="large-limit"),
        pytest.param({"cursor": "x"}, "cursor must be", id="cursor"),
        pytest.param({"cursor": "9" * 40 + "-1"}, "cursor must be", id="far-cursor"),
    ],
)
def test_what_cannot_be_read_is_named(client: FlaskClient, syncs: str, query: dict, sentence: str):
    answer = client.get(syncs, query_string=query)

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_request")
    assert sentence in answer.json["error"]["message"]


def test_the_csv_has_every_sync_and_no_formulas(runtime: Runtime, client: FlaskClient, syncs: str):
    write_history(
        runtime,
        syncs.split("/")[3],
        "f" * 600,
        every=timedelta(minutes=7),
        until=datetime.now(UTC) - timedelta(minutes=3),
        reason="=cmd()",
    )

    answer = client.get(f"{syncs}.csv")

    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == len({row["started_at"] for row in rows}) == 630
    assert {row["reason"] for row in rows} == {"", "The source did not answer.", "'=cmd()"}
    assert "syncs.csv" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_another_tenant_s_connector_does_not_exist(
    sandbox: SandboxServer, tmp_path, connector_id: str, suffix: str
):
    runtime = start_with_tenants(sandbox, tmp_path)
    own = sandbox.world.group_id
    other = next(one.id for one in sandbox.world.connections.values() if one.group_id != own)
    client = client_of(runtime, token=make_token(runtime, Role.VIEWER, "acme"))

    assert client.get(f"/_/connectors/{connector_id}/syncs{suffix}").status_code == 200
    assert client.get(f"/_/connectors/{other}/syncs{suffix}").status_code == 404
    runtime.close()


@pytest.mark.parametrize("suffix", ["", ".csv"])
def test_a_database_that_fails_is_an_error(
    client: FlaskClient, runtime: Runtime, syncs: str, monkeypatch, suffix: str
):
    def fail(*_: object, **__: object) -> None:
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(runtime.store.syncs, "between", fail)

    assert client.get(f"{syncs}{suffix}").status_code == 503
