"""The audit log of what people do: what it contains, and what never."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pbf import errors
from pbf.connectors.portal import Portal, Tenant
from pbf.errors import (
    InProgress,
    InvalidRequest,
    NameTaken,
    NotNow,
    StoreFailed,
    UnknownConnector,
)
from pbf.fivetran.http.transport import Request
from pbf.runtime import Runtime
from pbf.runtime.readiness import ReadinessCheck
from pbf.store.audit.log import AuditLog
from pbf.store.audit.spool import LINE, AuditSpool
from pbf.ui.audit_table import FAILED, OUTCOMES, WHAT, WHO
from tests.support.accounts import API
from tests.support.metrics import metric_value

PUBLIC_URL = "http://localhost"
ROW = {
    "id": "ours",
    "service": "stripe",
    "schema": "money",
    "status": {"setup_state": "connected", "sync_state": "scheduled"},
}
DATABASE_DOWN = "Our own database cannot be read or written right now."
# Errors that only the caller sees: a value is wrong, and no connector has been named yet.
NEVER_RECORDED = {
    "ShuttingDown",
    *("InvalidPolicy", "NotAllowed", "NotSignedIn", "InvalidToken", "UnknownTenant"),
    *("ConfigurationError", "InvalidName", "InvalidRedirect", "UnknownService", "InProgress"),
    *("InputError", "PbfError", "ApiError", "Unreachable"),
    # An id or an address may be any text, sent any number of times.
    *("UnknownId", "UnknownItem", "UnknownLink", "UnknownChannel", "InvalidChannel"),
    # A person who fails to sign in acts for no tenant.
    *("SignInFailed", "ProviderUnavailable", "SignInRefused", "SignInExpired", "UnknownSignIn"),
    "UntrustedToken",
    # Nobody is known who has signed a webhook wrongly.
    "InvalidSignature",
}


@pytest.fixture
def ids(portal: Portal) -> dict[str, str]:
    """The connectors' ids by their permanent names."""
    return {item.schema_name.split(".")[0]: item.id for item in portal.connectors().items}


def recorded(portal: Portal, *fields: str) -> list[tuple[str, ...]]:
    """Fields of the log's entries, the oldest first."""
    entries = reversed(portal.audit_log.newest(100))
    return [tuple(getattr(entry, field) for field in fields) for entry in entries]


def fail(*_: object, **__: object) -> None:
    raise StoreFailed(DATABASE_DOWN)


def test_each_change_is_one_entry_with_what_it_was_changed_to(portal, ids):
    connector_id, operations = ids["salesforce_crm"], portal.operations
    config = operations.reload_schemas(connector_id, before=None)
    tables = [
        (schema, table) for schema in config.schemas for table in config.schemas[schema].tables
    ]

    operations.choose_tables(connector_id, {tables[0]: False, tables[1]: True, tables[2]: True})
    operations.change(connector_id, timing={"sync_frequency": 1440, "daily_sync_time": "06:00"})
    operations.change(connector_id, timing={"schedule_type": "manual"})
    operations.sync(connector_id)
    operations.pause(connector_id)
    operations.resume(connector_id)
    operations.test(connector_id)
    operations.resync(connector_id)
    deletion = operations.delete(connector_id)
    operations.restore(connector_id)
    operations.delete(connector_id, now=True)

    assert recorded(portal, "what", "details") == [
        ("reload_schemas", ""),
        ("choose_tables", "2 on, 1 off"),
        ("reschedule", "daily, at 06:00 UTC"),
        ("reschedule", "manual only"),
        ("sync", ""),
        ("pause", ""),
        ("resume", ""),
        ("test", ""),
        ("resync", ""),
        ("delete", f"can be undone until {deletion.final_at:%Y-%m-%d %H:%M} UTC"),
        ("restore", ""),
        ("delete", ""),
    ]
    assert set(recorded(portal, "actor", "connector_id", "name", "outcome")) == {
        ("page", connector_id, "salesforce_crm", "done")
    }
    assert {action for (action,) in recorded(portal, "what")} <= set(WHAT)


def test_the_way_to_the_card_and_back_is_in_the_log(portal, sandbox):
    connector = portal.create("stripe", "Sales", public_url=PUBLIC_URL)
    portal.cards.open(connector.id, public_url=PUBLIC_URL)
    portal.cards.open(connector.id, public_url=PUBLIC_URL)
    portal.links.create(connector.id, public_url=PUBLIC_URL)
    sandbox.world.pass_setup(connector.id)
    state = portal.signer.state(portal.tenant.id, schema_name="sales")

    portal.cards.returned(state)
    portal.cards.returned(state)

    assert recorded(portal, "what", "details", "connector_id", "name") == [
        ("create", "", connector.id, "sales"),
        ("card", "", connector.id, "sales"),
        ("card", "", connector.id, "sales"),
        ("invite", "works for 1 day", connector.id, "sales"),
        ("return", "set-up connected", connector.id, "sales"),
    ]
    assert {action for (action,) in recorded(portal, "what")} <= set(WHAT)


@pytest.mark.parametrize(
    ("do", "error", "entry"),
    [
        pytest.param(
            lambda portal, ids: portal.operations.sync(ids["shopify_storefront"]),
            NotNow,
            ("sync", "shopify_storefront", "shopify_storefront"),
            id="not-now",
        ),
        pytest.param(
            lambda portal, ids: portal.create("stripe", "Jira projects", public_url=PUBLIC_URL),
            NameTaken,
            ("create", "", "jira_projects"),
            id="name-taken",
        ),
    ],
)
def test_a_refusal_by_our_own_rules_is_recorded_with_its_outcome(portal, ids, do, error, entry):
    with pytest.raises(error):
        do(portal, ids)

    action, schema_name, name = entry
    outcome = error.__name__
    assert recorded(portal, "what", "connector_id", "name", "outcome") == [
        (action, ids.get(schema_name, schema_name), name, outcome)
    ]


@pytest.mark.parametrize("action", ["sync", "pause", "resync", "test", "delete", "restore"])
def test_an_id_that_was_never_ours_is_not_recorded(portal, action):
    for connector_id in ("nobody", "a\0b\ud800", "x" * 300):
        with pytest.raises(UnknownConnector):
            getattr(portal.operations, action)(connector_id)
    with pytest.raises(UnknownConnector):
        portal.cards.open("nobody", public_url=PUBLIC_URL)
    with pytest.raises(UnknownConnector):
        portal.links.create("nobody", public_url=PUBLIC_URL)

    assert recorded(portal, "what") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/_/channels/nope", 404),
        ("POST", "/_/channels/nope/test", 404),
        ("POST", "/_/channels/nope/deliveries/nope", 404),
        ("DELETE", "/_/promises?scope=connector&target=nope", 404),
        ("DELETE", "/_/connectors/{salesforce_crm}/planned-changes/nope", 404),
        ("DELETE", "/_/connectors/{salesforce_crm}/invitations/nope", 404),
        ("POST", "/_/channels", 400),
    ],
)
def test_ids_and_addresses_that_were_never_ours_are_not_recorded(
    client, portal, ids, method, path, status
):
    body = {"kind": "webhook", "name": "Ours", "address": "nowhere"}

    response = client.open(path.format(**ids), method=method, json=body)

    assert response.status_code == status
    assert recorded(portal, "what", "outcome") == []


def test_an_action_on_a_connector_that_was_ours_and_is_gone_is_recorded(portal, ids):
    connector_id = ids["stripe_payments"]
    portal.operations.delete(connector_id, now=True)

    with pytest.raises(UnknownConnector):
        portal.operations.sync(connector_id)

    assert recorded(portal, "what", "connector_id", "outcome") == [
        ("delete", connector_id, "done"),
        ("sync", connector_id, "UnknownConnector"),
    ]


def test_a_connector_that_was_already_gone_is_not_recorded_as_deleted(portal, ids, runtime):
    portal.connectors()
    first, second = ids["stripe_payments"], ids["salesforce_crm"]
    for connector_id in (first, second):
        runtime.client.delete_connector(connector_id)

    portal.operations.delete(first)
    portal._list.forget()
    with pytest.raises(UnknownConnector):
        portal.operations.delete(second)

    assert recorded(portal, "what", "connector_id", "outcome") == [
        ("delete", first, "nothing to do")
    ]


def test_reading_and_waiting_are_not_recorded(portal, ids, monkeypatch):
    operations, connector_id = portal.operations, ids["stripe_payments"]
    portal.create("stripe", "Sales", public_url=PUBLIC_URL, attempt="key")
    before = recorded(portal, "what")

    for read in (operations.history, operations.errors, operations.schemas, portal.connector):
        read(connector_id)
        with pytest.raises(UnknownConnector):
            read("nobody")
    portal.create("stripe", "Sales", public_url=PUBLIC_URL, attempt="key")
    portal.cards.returned("forged")
    with pytest.raises(InProgress), portal.audit_log.record("create"):
        raise InProgress("In progress elsewhere.", retry_after=1)

    assert recorded(portal, "what") == before == [("create",)]


def test_no_text_of_fivetrans_is_recorded(remote: Runtime, api):
    secret = "the password hunter2 is wrong"
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": [ROW]}})
    api.patch(f"{API}/v1/connections/ours", status=400, json={"message": secret})

    with pytest.raises(InvalidRequest):
        remote.portal.operations.pause("ours")

    assert recorded(remote.portal, "what", "outcome") == [("pause", "InvalidRequest")]
    assert "hunter2" not in "".join(remote.portal.audit_log.csv())


@pytest.fixture
def spooled(runtime: Runtime, tmp_path, monkeypatch) -> AuditLog:
    """The audit log, of which the database takes no entry until the test undoes that."""
    log = runtime.store.audit
    log._spool = AuditSpool(tmp_path / "spool", "database")
    monkeypatch.setattr(log, "_store", fail)
    return log


def test_a_database_that_is_away_fails_no_action_and_delays_its_entry(
    portal, ids, sandbox, runtime, spooled, monkeypatch
):
    connector_id = ids["stripe_payments"]

    portal.operations.pause(connector_id)

    assert sandbox.world.connections[connector_id].paused
    assert recorded(portal, "what") == []
    assert ReadinessCheck(lambda: runtime)().document()["audit"] == {"waiting": 1}
    assert metric_value("pbf_audit_waiting", runtime) == 1
    monkeypatch.undo()
    spooled.store_waiting()
    assert recorded(portal, "actor", "what", "connector_id", "name", "outcome") == [
        ("page", "pause", connector_id, "stripe_payments", "done")
    ]


@pytest.mark.parametrize(
    "do",
    [
        pytest.param(lambda portal, id_: portal.operations.pause(id_), id="pause"),
        pytest.param(lambda portal, id_: portal.operations.delete(id_, now=True), id="delete"),
        pytest.param(lambda portal, id_: portal.operations.delete(id_), id="delete-later"),
        pytest.param(
            lambda portal, id_: portal.create("stripe", "New", public_url=PUBLIC_URL), id="create"
        ),
        pytest.param(
            lambda portal, id_: portal.cards.form(id_, public_url=PUBLIC_URL), id="connect-card"
        ),
    ],
)
def test_what_cannot_be_recorded_is_not_sent_to_fivetran(
    portal, ids, sandbox, spooled, tmp_path, do
):
    (tmp_path / "file").touch()
    spooled._spool = AuditSpool(tmp_path / "file" / "spool", "database")
    before = len(sandbox.world.control.log.entries())

    with pytest.raises(StoreFailed, match=r"Nothing was changed, because .* PBF_AUDIT_SPOOL"):
        do(portal, ids["stripe_payments"])

    sent = sandbox.world.control.log.entries()[before:]
    assert {entry["method"] for entry in sent} <= {"GET"}


def test_whatever_changes_something_at_fivetran_is_on_disk_before(
    portal, ids, runtime, tmp_path, monkeypatch
):
    spool = runtime.store.audit._spool = AuditSpool(tmp_path / "spool", "database")
    changes: list[tuple[str, list[str]]] = []
    send = Request.send

    def seen(request: Request, method: str, path: str, **content: object) -> object:
        if method != "GET":
            lines = os.pread(spool._file, spool._lines * LINE, 0).split(b"\n")
            texts = [json.loads(line) for line in lines if line.strip()]
            changes.append((f"{method} {path}", [text["what"] for text in texts]))
        return send(request, method, path, **content)

    monkeypatch.setattr(Request, "send", seen)
    operations, deletions = portal.operations, portal._list._store.deletions
    connector_id, due = ids["salesforce_crm"], ids["hubspot_marketing"]

    operations.reload_schemas(connector_id, before=None)
    operations.change(connector_id, timing={"schedule_type": "manual"})
    operations.sync(connector_id)
    operations.test(connector_id)
    operations.resync(connector_id)
    portal.maintenance.plan(connector_id, "pause", reason="Migration")
    portal.maintenance.plan(connector_id, "resume", reason="Done")
    portal.cards.form(connector_id, public_url=PUBLIC_URL)
    portal.create("stripe", "New", public_url=PUBLIC_URL)
    operations.delete(connector_id)
    operations.restore(connector_id)
    operations.delete(connector_id, now=True)
    operations.delete(due)
    runtime.client.update_connector(due, paused=False)
    (row,) = deletions.listed(portal.tenant.group_id)
    deletions.write(row, paused_at=None)
    portal._list.running.add(due)
    changes.pop()
    portal.carry_out_deletions()
    (row,) = deletions.listed(portal.tenant.group_id)
    deletions.write(row, due_at=0.0)
    portal.carry_out_deletions()

    assert [change for change, begun in changes if len(begun) != 1] == []
    assert [begun[0] for _, begun in changes] == [
        *("reload_schemas", "reschedule", "sync", "test", "resync", "pause", "resume", "card"),
        *("create", "delete", "restore", "delete", "delete", "pause", "delete for good"),
    ]
    assert os.fstat(spool._file).st_size == 0


def test_a_program_reads_that_its_change_could_not_be_recorded(client, ids, spooled):
    spooled._spool = AuditSpool(Path("/dev/null/spool"), "database")

    answer = client.patch(f"/_/connectors/{ids['stripe_payments']}", json={"paused": True})

    assert answer.status_code == 503
    assert answer.json["error"]["code"] == "store_unavailable"
    assert "Nothing was changed" in answer.json["error"]["message"]


def test_what_fivetran_has_done_is_recorded_though_the_database_fails_after_it(
    portal, ids, monkeypatch
):
    restored, deleted = ids["stripe_payments"], ids["salesforce_crm"]
    portal.operations.delete(restored)
    portal.operations.delete(deleted)
    monkeypatch.setattr(portal._list._store.deletions, "remove", fail)

    with pytest.raises(StoreFailed):
        portal.operations.restore(restored)
    with pytest.raises(StoreFailed):
        portal.operations.delete(deleted, now=True)

    assert recorded(portal, "what", "connector_id", "outcome")[2:] == [
        ("restore", restored, "done"),
        ("delete for good", deleted, "done"),
    ]


def test_an_action_that_is_interrupted_is_recorded_as_begun(portal):
    with pytest.raises(KeyboardInterrupt), portal.audit_log.record("sync", name="money"):
        raise KeyboardInterrupt

    assert recorded(portal, "what", "name", "outcome") == [("sync", "money", "begun")]


def test_a_tenant_reads_its_own_log_alone(runtime: Runtime, ids):
    runtime.portal.operations.pause(ids["stripe_payments"])
    other_tenant = Portal(
        Tenant(id="other", name="other", group_id="other"),
        client=runtime.client,
        cache=runtime.cache,
        store=runtime.store,
        signer=runtime.portal.signer,
        grace=24.0,
    )

    assert other_tenant.audit_log.newest(9, connector_id=ids["stripe_payments"]) == []
    assert len(list(other_tenant.audit_log.csv())) == 1
    assert len(list(runtime.portal.audit_log.csv())) == 2


@pytest.mark.parametrize(
    ("go", "entry"),
    [
        pytest.param(
            lambda client, portal, connector_id: client.patch(
                f"/_/connectors/{connector_id}", json={"sync_frequency": 60}
            ),
            ("route", "reschedule", "done"),
            id="program",
        ),
        pytest.param(
            lambda client, portal, connector_id: client.get(f"/_/connectors/{connector_id}/form"),
            ("route", "card", "done"),
            id="form",
        ),
        pytest.param(
            lambda client, portal, connector_id: client.get(
                f"/_/go/{portal.signer.link(portal.tenant.id, connector_id)}"
            ),
            ("page", "card", "done"),
            id="page",
        ),
        pytest.param(
            lambda client, portal, connector_id: client.post(
                portal.links.create(connector_id, public_url="").url
            ),
            ("link", "card", "done"),
            id="colleague",
        ),
    ],
)
def test_the_log_has_the_way_by_which_somebody_came(client, portal, ids, go: Callable, entry):
    go(client, portal, ids["facebook_ads_dach"])

    entries = recorded(portal, "actor", "what", "outcome")
    assert [made for made in entries if made[1] != "invite"] == [entry]
    assert entry[0] in WHO


def test_every_error_that_may_be_recorded_has_a_label():
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.PbfError)
    }

    assert kinds - NEVER_RECORDED == set(OUTCOMES) - {"done", "nothing to do", "begun"}
    assert FAILED not in OUTCOMES.values()
