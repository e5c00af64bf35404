"""The sweep: what was begun here and left for long is deleted, and nothing else ever."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import responses
from sqlalchemy import text

from pbf import runtime as runtimes
from pbf.__main__ import main
from pbf.commands.cleanup import left_behind
from pbf.config import Settings
from pbf.connectors.actor import WHO
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.runtime import Runtime

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
LEFT = {
    "id": "left",
    "schema": "sales",
    "service": "stripe",
    "created_at": "2026-09-01T00:00:00Z",
    "status": {"setup_state": "incomplete", "sync_state": "scheduled"},
}
API = "https://fivetran.example"
CONNECTORS = f"{API}/v1/groups/our_group/connections"

DAY = 24 * 3600.0

Sweep = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def remote(api: responses.RequestsMock) -> Iterator[Runtime]:
    """An account whose API the test writes itself, and where we created three connectors."""
    started = runtimes.start(
        Settings(
            api_key="the-key",
            api_secret="the-secret",
            group_id="our_group",
            api_url=API,
            database_url="sqlite://",
        )
    )
    for name in ("left", "second", "third"):
        started.store.keep_name(Connector(**connector(name)), name)
    runtimes.use(started)
    yield started
    started.close()


@pytest.fixture
def sweep(capsys: pytest.CaptureFixture[str]) -> Sweep:
    """Run the command, and return its status and what it printed."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["sweep", *arguments])
        return status, capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock on by so many seconds."""

    def move(seconds: float) -> None:
        now = time.time() + seconds
        monkeypatch.setattr("time.time", lambda: now)

    return move


def connector(name: str, **other: object) -> dict:
    return {**LEFT, "id": name, "schema": f"sales_{name}", **other}


def listed(api: responses.RequestsMock, *found: dict) -> None:
    api.get(CONNECTORS, json={"data": {"items": list(found)}})


def one(name: str) -> str:
    return f"{API}/v1/connections/{name}"


@pytest.mark.parametrize(
    ("changes", "chosen"),
    [
        pytest.param({}, True, id="left"),
        pytest.param({"created_at": "2026-10-24T11:59:59Z"}, True, id="just-old-enough"),
        pytest.param({"created_at": "2026-10-24T12:00:00Z"}, False, id="too-young"),
        pytest.param({"created_at": None}, False, id="of-unknown-age"),
        pytest.param({"id": "another"}, False, id="another-id"),
        pytest.param({"schema": "stock"}, False, id="another-name"),
        pytest.param({"succeeded_at": "2026-09-02T00:00:00Z"}, False, id="had-succeeded"),
        pytest.param({"status": {"setup_state": "connected"}}, False, id="connected"),
        pytest.param({"status": {"setup_state": "broken"}}, False, id="broken"),
        pytest.param({"status": {}}, False, id="in-a-state-that-is-new"),
    ],
)
def test_only_what_we_began_long_ago_and_nobody_finished_is_chosen(changes: dict, chosen: bool):
    candidate = Connector(**{**LEFT, **changes})

    found = left_behind([candidate], {("left", "sales"): "Sales"}, before=BEFORE)

    assert found == [candidate] * chosen


def test_unless_told_to_delete_nothing_is_deleted(remote, api, sweep):
    listed(api, connector("left"), connector("second"), connector("foreign"))

    status, lines = sweep("--days", "7")

    assert (status, len(lines)) == (0, 3)
    assert lines[0].startswith("would delete  sales_left (stripe, left), begun ")
    assert lines[2].endswith("nothing was deleted. To do it: python -m pbf sweep --days 7 --delete")
    assert {call.request.method for call in api.calls} == {"GET"}
    assert list(remote.store.audit.entries()) == []


def test_told_to_delete_it_deletes_each_once_and_tells_what_fails(remote, api, sweep):
    listed(api, *map(connector, ("left", "second", "third")))
    for name in ("left", "second"):
        api.get(one(name), json={"data": connector(name)})
    api.get(one("third"), status=404, json={})
    deletions = [
        api.delete(one("left"), status=429, json={}, headers={"Retry-After": "9"}),
        api.delete(one("second"), json={}),
        api.delete(one("third"), status=404, json={}),
    ]

    status, lines = sweep("--now")

    assert status == 1
    assert [line.split(" (")[0] for line in lines] == [
        "NOT deleted   sales_left",
        "deleted       sales_second",
        "deleted       sales_third",
    ]
    assert "Try again in 9 seconds" in lines[0]
    assert [len(deletion.calls) for deletion in deletions] == [1, 1, 1]
    assert [(each.who, each.what, each.outcome) for each in remote.store.audit.entries()] == [
        ("command", "delete", "RateLimited"),
        ("command", "delete", "done"),
        ("command", "delete", "nothing to do"),
    ]
    assert WHO.get() == "page"


def test_told_to_delete_it_hides_what_can_be_had_back(house: Runtime, sandbox, sweep, later):
    portal = house.portal
    made = portal.create("stripe", "Sales", return_url="http://localhost/_/return")
    record = sandbox.world.connections[made.id]
    record.created_at, record.static_fields, record.serialized = time.time() - 40 * DAY, None, None
    portal._list.forget()

    status, lines = sweep("--delete")

    assert status == 0
    assert lines[0].startswith(f"hidden        sales (stripe, {made.id}), begun ")
    assert lines[0].endswith(" UTC")
    assert made.id in sandbox.world.connections
    assert [one.id for one in portal.deleted().items] == [made.id]
    portal.operations.restore(made.id)
    assert portal.connector(made.id).paused is False

    sweep("--delete")
    later(DAY + 1)
    portal.carry_out_deletions()
    assert made.id not in sandbox.world.connections


def test_another_connector_that_has_the_id_by_now_is_kept(remote, api, sweep):
    listed(api, connector("left"))
    api.get(one("left"), json={"data": connector("left", schema="stock")})

    status, lines = sweep("--now")

    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("kept          sales_left")


def test_what_somebody_finished_meanwhile_is_kept(remote, api, sweep):
    listed(api, connector("left"))
    api.get(one("left"), json={"data": connector("left", status={"setup_state": "connected"})})

    status, lines = sweep("--delete")

    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("kept          sales_left")


def test_where_nothing_is_left_it_says_so(remote, api, sweep):
    listed(api, connector("foreign"))

    assert sweep("--delete") == (0, ["Nothing to sweep: none was left unfinished for 30 days."])


def test_a_fivetran_that_fails_is_told_in_one_line(remote, api, sweep):
    api.get(CONNECTORS, status=500, json={})

    status, lines = sweep("--delete")

    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("Nothing was swept. Fivetran failed")


def test_settings_that_are_not_right_are_told_in_one_line(monkeypatch, sweep):
    monkeypatch.setenv("FIVETRAN_API_KEY", "k")

    status, lines = sweep()

    assert (status, len(lines)) == (1, 1)
    assert "are not set." in lines[0]


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x"])
def test_what_is_no_number_of_days_is_refused(days: str):
    with pytest.raises(SystemExit) as ended:
        main(["sweep", f"--days={days}"])

    assert ended.value.code == 2


def test_a_creation_that_was_left_in_doubt_is_settled_and_swept_with_the_rest(
    house: Runtime, sandbox, sweep, monkeypatch
):
    client, portal, left = house.client, house.portal, []
    make = client.create_connector

    def die(_client, *given, **options):
        left.append(make(*given, **options))
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ApiClient, "create_connector", die)
        with pytest.raises(SystemExit):
            portal.create("stripe", "Sales", return_url="http://localhost/_/return")
    (made,) = left
    later = time.time() + 3600
    record = sandbox.world.connections[made.id]
    record.created_at, record.static_fields, record.serialized = later - 40 * DAY, None, None
    with house.store._database.session() as session:
        session.execute(text("UPDATE creations SET sent_at = :at"), {"at": later - 40 * DAY - 1})
    monkeypatch.setattr("time.time", lambda: later)

    status, lines = sweep("--now")

    assert (status, [line.split(" (")[0] for line in lines]) == (0, ["deleted       sales"])
    assert made.id not in sandbox.world.connections
    assert len(portal.connectors().items) == 12
    assert [(each.what, each.details) for each in house.store.audit.entries()] == [
        ("create", "its answer was lost"),
        ("delete", ""),
    ]
