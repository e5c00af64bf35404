"""The audit log is exported as CSV: one tenant's by the route, all by the command."""

import csv

import pytest
import responses

from pbf.commands.command_line import main
from pbf.errors import StoreFailed
from pbf.store.store import Store
from tests.support.stores import add_entry


def test_the_route_exports_the_log_as_a_csv_file(client, portal, monkeypatch):
    ids = {connector.schema_name: connector.id for connector in portal.connectors().items}
    monkeypatch.setattr("pbf.api.administration.LINES_PER_CHUNK", 2)
    for name in ("stripe_payments", "salesforce_crm", "webshop"):
        portal.operations.pause(ids[name])

    answer = client.get("/_/audit.csv")

    rows = list(csv.DictReader(answer.text.splitlines()))
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert [row["name"] for row in rows] == ["stripe_payments", "salesforce_crm", "webshop"]
    assert {row["group_id"] for row in rows} == {portal.tenant.group_id}


def test_a_log_that_cannot_be_read_is_an_error_not_an_empty_file(runtime, client, monkeypatch):
    def fail(*_: object) -> None:
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(runtime.store.audit, "entries", fail)

    answer = client.get("/_/audit.csv")

    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")


def test_the_command_prints_the_whole_log_without_a_request(tmp_path, monkeypatch, capsys):
    url = f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    store = Store(url)
    add_entry(store, "page", "pause", "one", "sales", "done", group_id="ours")
    add_entry(store, "page", "pause", "two", "stock", "done", group_id="theirs")
    store.close()
    credentials = {"FIVETRAN_API_KEY": "k", "FIVETRAN_API_SECRET": "s", "FIVETRAN_GROUP_ID": "ours"}
    for name, value in {**credentials, "PBF_DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)

    with responses.RequestsMock():
        status = main(["audit"])

    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert status == 0
    assert [(row["group_id"], row["name"]) for row in rows] == [
        ("ours", "sales"),
        ("theirs", "stock"),
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({}, "There is no audit log to export", id="sandbox"),
        pytest.param({"FIVETRAN_API_KEY": "k"}, "are not set.", id="half-set"),
        pytest.param({"PBF_DATABASE_URL": "x"}, "Check PBF_DATABASE_URL", id="no-database"),
    ],
)
def test_without_a_log_the_command_says_so_in_a_sentence(
    monkeypatch, capsys, settings: dict, message: str
):
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    status = main(["audit"])

    out, err = capsys.readouterr()
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert message in err


def test_the_command_prints_an_entry_as_one_line_without_control_characters(
    tmp_path, monkeypatch, capsys
):
    url = f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    store = Store(url)
    name = "sa\u202eles\x1b[2J\nsecond"
    add_entry(store, "page", "pause", "one", name, "done", group_id="ours")
    store.close()
    monkeypatch.setenv("PBF_DATABASE_URL", url)

    assert main(["audit"]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all(line.isprintable() for line in printed)
