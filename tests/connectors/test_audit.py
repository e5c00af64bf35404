"""The audit log of what people do: what is in it, and what never is."""

from collections.abc import Callable

import pytest
import responses

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
from pbf.runtime import Runtime
from pbf.ui.audit_table import FAILED, OUTCOMES, WHAT, WHO
from tests.support.accounts import API

RETURN = "http://localhost/_/return"
ROW = {
    "id": "ours",
    "service": "stripe",
    "schema": "money",
    "status": {"setup_state": "connected", "sync_state": "scheduled"},
}
SORRY = "Our own database cannot be read or written right now."
# What nobody but the caller is told: their own words are wrong, and nothing has a name yet.
NEVER_NOTED = {
    *("ConfigurationError", "InvalidName", "InvalidRedirect", "UnknownService", "InProgress"),
    *("StoreFailed", "InputError", "PbfError", "ApiError", "Unreachable"),
}


@pytest.fixture
def ids(portal: Portal) -> dict[str, str]:
    """The connectors' ids by their permanent names."""
    return {one.schema_name.split(".")[0]: one.id for one in portal.connectors().items}


def told(portal: Portal, *fields: str) -> list[tuple[str, ...]]:
    """What the log holds, the oldest first."""
    entries = reversed(portal.journal.newest(100))
    return [tuple(getattr(entry, field) for field in fields) for entry in entries]


def fail(*_: object, **__: object) -> None:
    raise StoreFailed(SORRY)


def test_each_change_is_one_entry_with_what_it_was_changed_to(portal, ids):
    one, acts = ids["salesforce_crm"], portal.operations
    config = acts.reload_schemas(one, known=None)
    tables = [
        (schema, table) for schema in config.schemas for table in config.schemas[schema].tables
    ]

    acts.choose_tables(one, {tables[0]: False, tables[1]: True, tables[2]: True})
    acts.reschedule(one, sync_frequency=1440, daily_sync_time="06:00")
    acts.reschedule(one, schedule_type="manual")
    acts.sync(one)
    acts.pause(one)
    acts.resume(one)
    acts.test(one)
    acts.resync(one)
    waits = acts.delete(one)
    acts.restore(one)
    acts.delete(one, now=True)

    assert told(portal, "what", "details") == [
        ("reload_schemas", ""),
        ("choose_tables", "2 on, 1 off"),
        ("reschedule", "daily, at 06:00 UTC"),
        ("reschedule", "manual only"),
        ("sync", ""),
        ("pause", ""),
        ("resume", ""),
        ("test", ""),
        ("resync", ""),
        ("delete", f"can be undone until {waits.final_at:%Y-%m-%d %H:%M} UTC"),
        ("restore", ""),
        ("delete", ""),
    ]
    assert set(told(portal, "who", "connector_id", "name", "outcome")) == {
        ("page", one, "salesforce_crm", "done")
    }
    assert {what for (what,) in told(portal, "what")} <= set(WHAT)


def test_the_way_to_the_card_and_back_is_in_the_log(portal, sandbox):
    made = portal.create("stripe", "Sales", return_url=RETURN)
    portal.hand_off(made.id, return_url=RETURN)
    portal.hand_off(made.id, return_url=RETURN)
    portal.invitation(made.id)
    sandbox.world.pass_setup(made.id)
    state = portal.signer.state(portal.tenant.id, schema_name="sales")

    portal.come_back(state)
    portal.come_back(state)

    assert told(portal, "what", "details", "connector_id", "name") == [
        ("create", "", made.id, "sales"),
        ("card", "", made.id, "sales"),
        ("card", "", made.id, "sales"),
        ("invite", "", made.id, "sales"),
        ("return", "set-up connected", made.id, "sales"),
    ]
    assert {what for (what,) in told(portal, "what")} <= set(WHAT)


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
            lambda portal, ids: portal.create("stripe", "Jira projects", return_url=RETURN),
            NameTaken,
            ("create", "", "jira_projects"),
            id="name-taken",
        ),
    ],
)
def test_what_our_own_rules_refuse_is_noted_with_its_outcome(portal, ids, do, error, entry):
    with pytest.raises(error):
        do(portal, ids)

    what, whose, name = entry
    outcome = error.__name__
    assert told(portal, "what", "connector_id", "name", "outcome") == [
        (what, ids.get(whose, whose), name, outcome)
    ]


@pytest.mark.parametrize("action", ["sync", "pause", "resync", "test", "delete", "restore"])
def test_an_id_that_never_was_ours_is_not_noted(portal, action):
    for one in ("nobody", "a\0b\ud800", "x" * 300):
        with pytest.raises(UnknownConnector):
            getattr(portal.operations, action)(one)
    with pytest.raises(UnknownConnector):
        portal.hand_off("nobody", return_url=RETURN)
    with pytest.raises(UnknownConnector):
        portal.invitation("nobody")

    assert told(portal, "what") == []


def test_what_is_asked_of_a_connector_that_was_ours_and_is_gone_is_noted(portal, ids):
    one = ids["stripe_payments"]
    portal.operations.delete(one, now=True)

    with pytest.raises(UnknownConnector):
        portal.operations.sync(one)

    assert told(portal, "what", "connector_id", "outcome") == [
        ("delete", one, "done"),
        ("sync", one, "UnknownConnector"),
    ]


def test_what_was_gone_already_is_not_called_deleted(portal, ids, house):
    portal.connectors()
    one, two = ids["stripe_payments"], ids["salesforce_crm"]
    for gone in (one, two):
        house.client.delete_connector(gone)

    portal.operations.delete(one)
    portal._list.forget()
    with pytest.raises(UnknownConnector):
        portal.operations.delete(two)

    assert told(portal, "what", "connector_id", "outcome") == [("delete", one, "nothing to do")]


def test_what_reads_or_only_waits_is_not_noted(portal, ids, monkeypatch):
    acts, one = portal.operations, ids["stripe_payments"]
    portal.create("stripe", "Sales", return_url=RETURN, attempt="key")
    before = told(portal, "what")

    for read in (acts.history, acts.errors, acts.schemas, portal.connector):
        read(one)
        with pytest.raises(UnknownConnector):
            read("nobody")
    portal.create("stripe", "Sales", return_url=RETURN, attempt="key")
    portal.come_back("forged")
    with pytest.raises(InProgress), portal.journal.noted("create"):
        raise InProgress("At work elsewhere.", retry_after=1)

    assert told(portal, "what") == before == [("create",)]


def test_nothing_that_fivetran_said_goes_in(remote: Runtime, api: responses.RequestsMock):
    secret = "the password hunter2 is wrong"
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": [ROW]}})
    api.patch(f"{API}/v1/connections/ours", status=400, json={"message": secret})

    with pytest.raises(InvalidRequest):
        remote.portal.operations.pause("ours")

    assert told(remote.portal, "what", "outcome") == [("pause", "InvalidRequest")]
    assert "hunter2" not in "".join(remote.portal.journal.csv())


def test_a_database_that_fails_fails_no_action(house: Runtime, ids, sandbox, monkeypatch, caplog):
    monkeypatch.setattr(house.store.audit, "add", fail)

    house.portal.operations.pause(ids["stripe_payments"])

    assert sandbox.world.connections[ids["stripe_payments"]].paused
    assert f"not in the audit log: pause {ids['stripe_payments']}, done by page" in caplog.text


def test_a_tenant_reads_its_own_log_alone(house: Runtime, ids):
    house.portal.operations.pause(ids["stripe_payments"])
    other = Portal(
        Tenant(id="other", name="other", group_id="other"),
        client=house.client,
        cache=house.cache,
        store=house.store,
        signer=house.portal.signer,
        grace=24.0,
    )

    assert other.journal.newest(9, connector_id=ids["stripe_payments"]) == []
    assert len(list(other.journal.csv())) == 1
    assert len(list(house.portal.journal.csv())) == 2


@pytest.mark.parametrize(
    ("go", "entry"),
    [
        pytest.param(
            lambda client, portal, one: client.patch(
                f"/_/connectors/{one}", json={"sync_frequency": 60}
            ),
            ("route", "reschedule", "done"),
            id="program",
        ),
        pytest.param(
            lambda client, portal, one: client.get(f"/_/connectors/{one}/form"),
            ("route", "card", "done"),
            id="form",
        ),
        pytest.param(
            lambda client, portal, one: client.get(
                f"/_/go/{portal.signer.ticket(portal.tenant.id, one)}"
            ),
            ("page", "card", "done"),
            id="page",
        ),
        pytest.param(
            lambda client, portal, one: client.get(
                f"/_/invite/{portal.signer.invitation(portal.tenant.id, one)}"
            ),
            ("link", "card", "done"),
            id="colleague",
        ),
    ],
)
def test_the_log_tells_by_which_way_somebody_came(client, portal, ids, go: Callable, entry):
    go(client, portal, ids["facebook_ads_dach"])

    assert told(portal, "who", "what", "outcome") == [entry]
    assert entry[0] in WHO


def test_every_error_that_may_be_noted_has_words():
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.PbfError)
    }

    assert kinds - NEVER_NOTED == set(OUTCOMES) - {"done", "nothing to do"}
    assert FAILED not in OUTCOMES.values()
