"""Clean-up deletes only connectors that were created here long ago and never finished."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

import pytest
import responses
from sqlalchemy import text

from pbf import runtime as runtimes
from pbf.commands.command_line import main
from pbf.commands.sweep import unfinished_connectors
from pbf.config.sign_in import SignIn
from pbf.connectors.access.caller import acting_as, caller
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.runtime import Runtime
from tests.support.accounts import API
from tests.support.typed_names import type_name

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
UNFINISHED = {
    "id": "left",
    "schema": "sales",
    "service": "stripe",
    "created_at": "2026-09-01T00:00:00Z",
    "status": {"setup_state": "incomplete", "sync_state": "scheduled"},
}
CONNECTORS = f"{API}/v1/groups/our_group/connections"

DAY = 24 * 3600.0

Sweep = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def remote(remote: Runtime) -> Runtime:
    """An account whose responses the test writes itself, where we created three connectors."""
    for name in ("left", "second", "third"):
        type_name(remote.store, Connector(**connector(name)), name)
    runtimes.use(remote)
    return remote


@pytest.fixture
def sweep(capsys: pytest.CaptureFixture[str]) -> Sweep:
    """Run the command; returns its exit status and output."""

    def run(*arguments: str) -> tuple[int, list[str]]:
        status = main(["sweep", *arguments])
        return status, capsys.readouterr().out.splitlines()

    return run


def connector(name: str, **changes: object) -> dict:
    return {**UNFINISHED, "id": name, "schema": f"sales_{name}", **changes}


def listed(api: responses.RequestsMock, *connectors: dict) -> None:
    date = {"Date": formatdate(usegmt=True)}
    api.get(CONNECTORS, json={"data": {"items": list(connectors)}}, headers=date)


def url_of(name: str) -> str:
    return f"{API}/v1/connections/{name}"


@pytest.mark.parametrize(
    ("changes", "is_deleted"),
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
def test_only_connectors_that_we_created_long_ago_and_nobody_finished_are_deleted(
    changes: dict, is_deleted: bool
):
    candidate = Connector(**{**UNFINISHED, **changes})

    unfinished = unfinished_connectors([candidate], {("left", "sales"): "Sales"}, before=BEFORE)

    assert unfinished == [candidate] * is_deleted


def test_without_delete_nothing_is_deleted(remote, api, sweep):
    listed(api, connector("left"), connector("second"), connector("foreign"))

    status, lines = sweep("--days", "7")

    assert (status, len(lines)) == (0, 3)
    assert lines[0].startswith("would delete  sales_left (stripe, left), created ")
    assert lines[2].endswith(
        "2 in total, none deleted. To delete them: python -m pbf sweep --days 7 --delete"
    )
    assert {call.request.method for call in api.calls} == {"GET"}
    assert list(remote.store.audit.entries()) == []


def test_each_connector_is_deleted_once_and_failures_are_reported(remote, api, sweep):
    listed(api, *map(connector, ("left", "second", "third")))
    for name in ("left", "second"):
        api.get(url_of(name), json={"data": connector(name)})
    api.get(url_of("third"), status=404, json={})
    deletions = [
        api.delete(url_of("left"), status=429, json={}, headers={"Retry-After": "9"}),
        api.delete(url_of("second"), json={}),
        api.delete(url_of("third"), status=404, json={}),
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
    assert [(entry.actor, entry.what, entry.outcome) for entry in remote.store.audit.entries()] == [
        ("command", "delete", "RateLimited"),
        ("command", "delete", "done"),
        ("command", "delete", "nothing to do"),
    ]
    assert caller().actor == "page"


def test_without_now_a_deletion_can_be_undone(runtime: Runtime, sandbox, sweep, later):
    portal = runtime.portal
    created = portal.create("stripe", "Sales", public_url="http://localhost")
    record = sandbox.world.connections[created.id]
    record.created_at, record.static_fields = time.time() - 40 * DAY, None
    portal._list.forget()

    status, lines = sweep("--delete")

    assert status == 0
    assert lines[0].startswith(f"hidden        sales (stripe, {created.id}), created ")
    assert lines[0].endswith(" UTC")
    assert created.id in sandbox.world.connections
    assert [connector.id for connector in portal.deleted().items] == [created.id]
    portal.operations.restore(created.id)
    assert portal.connector(created.id).paused is False

    sweep("--delete")
    later(DAY + 1)
    sandbox.world.control.advance(DAY + 1)
    portal.carry_out_deletions()
    assert created.id not in sandbox.world.connections


def test_another_connector_with_the_same_id_is_kept(remote, api, sweep):
    listed(api, connector("left"))
    api.get(url_of("left"), json={"data": connector("left", schema="stock")})

    status, lines = sweep("--now")

    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("kept          sales_left")


def test_a_connector_that_was_finished_meanwhile_is_kept(remote, api, sweep):
    listed(api, connector("left"))
    api.get(url_of("left"), json={"data": connector("left", status={"setup_state": "connected"})})

    status, lines = sweep("--delete")

    assert (status, len(lines)) == (0, 1)
    assert lines[0].startswith("kept          sales_left")


def test_a_line_says_that_there_is_nothing_to_delete(remote, api, sweep):
    listed(api, connector("foreign"))

    assert sweep("--delete") == (0, ["No connector has been unfinished for 30 days."])


def test_a_failure_of_fivetran_is_reported_in_one_line(remote, api, sweep):
    api.get(CONNECTORS, status=500, json={})

    status, lines = sweep("--delete")

    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("Nothing was deleted. Fivetran failed")


def test_invalid_settings_are_reported_in_one_line(monkeypatch, sweep):
    monkeypatch.setenv("FIVETRAN_API_KEY", "k")

    status, lines = sweep()

    assert (status, len(lines)) == (1, 1)
    assert "are not set." in lines[0]


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x"])
def test_an_invalid_number_of_days_is_refused(days: str):
    with pytest.raises(SystemExit) as raised:
        main(["sweep", f"--days={days}"])

    assert raised.value.code == 2


def test_an_abandoned_creation_is_settled_and_then_deleted(
    runtime: Runtime, sandbox, sweep, monkeypatch
):
    client, portal, abandoned = runtime.client, runtime.portal, []
    create = client.create_connector

    def die(_client, *arguments, **options):
        abandoned.append(create(*arguments, **options))
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ApiClient, "create_connector", die)
        with pytest.raises(SystemExit):
            portal.create("stripe", "Sales", public_url="http://localhost")
    (created,) = abandoned
    later = time.time() + 3600
    record = sandbox.world.connections[created.id]
    record.created_at, record.static_fields = later - 40 * DAY, None
    with runtime.store._database.session() as session:
        session.execute(text("UPDATE creations SET sent_at = :at"), {"at": later - 40 * DAY - 1})
    monkeypatch.setattr("time.time", lambda: later)

    status, lines = sweep("--now")

    assert (status, [line.split(" (")[0] for line in lines]) == (0, ["deleted       sales"])
    assert created.id not in sandbox.world.connections
    assert len(portal.connectors().items) == 12
    entries = runtime.store.audit.entries()
    assert [(entry.what, entry.details, entry.outcome) for entry in entries] == [
        ("create", "", "begun"),
        ("create", "its answer was lost", "done"),
        ("delete", "", "done"),
    ]


def test_the_unfinished_connectors_of_all_tenants_are_found(settings, sandbox, tmp_path, sweep):
    other = sandbox.world.add_group("Globex").id
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\ntenants:\n"
        f"  acme: {{group: {sandbox.world.group_id}}}\n  globex: {{group: {other}}}\n"
    )
    sign_in = SignIn(methods=("proxy",), proxy_preset="oauth2-proxy", proxy_secret="s" * 32)
    runtime = runtimes.start(replace(settings, policy=str(policy), sign_in=sign_in))
    runtimes.use(runtime)
    for tenant_id in ("acme", "globex"):
        portal = runtime.portals.of(tenant_id)
        with acting_as("test"):
            created = portal.create("stripe", tenant_id, public_url="http://localhost")
        record = sandbox.world.connections[created.id]
        record.created_at, record.static_fields = time.time() - 40 * DAY, None
        portal._list.forget()
    status, lines = sweep()

    assert status == 0
    assert status == 0
    assert {line.split()[2] for line in lines[:-1]} == {"acme", "globex"}
    runtime.close()
