"""Creation that happens once: keys, reserved names, leases, and look-ups after lost answers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from pbf.cache.shared import SharedCache
from pbf.connectors.portal import Portal, Tenant
from pbf.errors import (
    InProgress,
    InvalidName,
    KeyReused,
    NameTaken,
    RateLimited,
    ServerFailed,
    StoreFailed,
    TimedOut,
)
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.store.store import Store
from tests.support.stores import address

PUBLIC_URL = "http://localhost"
LOST = TimedOut("Fivetran did not answer within 60 seconds.")


class FailingClient(ApiClient):
    """A client whose creations wait, fail, or succeed with their answer lost; in that order."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.failures: list[Exception] = []
        self.lost: list[Exception] = []
        self.lookup_failures: list[Exception] = []
        self.list_failures: list[Exception] = []
        self.gate: threading.Event | None = None
        self.started = threading.Event()
        self.calls = 0
        self.meanwhile = lambda: None

    def create_connector(self, *args, **options):
        self.calls += 1
        self.started.set()
        if self.gate:
            assert self.gate.wait(30)
        if self.failures:
            self.meanwhile()
            raise self.failures.pop(0)
        connector = super().create_connector(*args, **options)
        if self.lost:
            raise self.lost.pop(0)
        return connector

    def get_list_of_connectors_in_group(self, group_id, *, schema=None):
        # The look-up before the first call succeeds; the one after it is to fail.
        failures = self.list_failures
        if schema:
            failures = self.lookup_failures if self.calls else []
        if failures:
            raise failures.pop(0)
        return super().get_list_of_connectors_in_group(group_id, schema=schema)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """The address of one database that several processes share."""
    return address(request, tmp_path)


@pytest.fixture
def process(runtime, settings, url):
    """Start the parts of a process, any number of times, on one account and one database."""
    closers = []

    def start(*, timeout: float = 30.0, cache=runtime.cache) -> Portal:
        request = Request(settings.api_url, settings.api_key, settings.api_secret, timeout=timeout)
        client, store = FailingClient(request), Store(url)
        closers.extend((client.close, store.close))
        tenant = Tenant(id="t", name="t", group_id=settings.group_id)
        portal = Portal(
            tenant,
            client=client,
            cache=cache,
            store=store,
            signer=runtime.portal.signer,
            grace=24.0,
        )
        portal.client, portal.store = client, store
        return portal

    yield start
    for close in closers:
        close()


def create(portal: Portal, typed: str = "Sales", service: str = "stripe", **options):
    return portal.create(service, typed, public_url=PUBLIC_URL, **options)


def named(portal: Portal, schema: str = "sales") -> list[str]:
    portal._list.forget()
    return [item.id for item in portal.connectors().items if item.schema_name == schema]


def unsettled(portal: Portal) -> int:
    return len(portal.store.creations.unsettled(portal.tenant.group_id))


def test_a_key_leads_to_the_same_connector_in_another_process_and_after_a_restart(process):
    connector = create(process(), attempt="key")

    again = create(process(), attempt="key")

    assert (again.id, again.title) == (connector.id, "Sales")
    assert named(process()) == [connector.id]


def test_a_process_with_an_outdated_list_finds_what_another_has_created(process):
    outdated = process(cache=SharedCache())
    outdated.connectors()
    connector = create(process(), attempt="key")

    assert create(outdated, attempt="key").id == connector.id
    assert outdated.client.calls == 0


def test_a_process_whose_list_fails_requests_the_connector_of_another_alone(process):
    outdated = process(cache=SharedCache())
    outdated.connectors()
    connector = create(process(), attempt="key")
    outdated._list.forget()
    outdated.client.list_failures = [ServerFailed("500")]

    assert create(outdated, attempt="key").id == connector.id
    assert outdated.client.calls == 0


def test_a_process_that_cannot_refresh_its_list_forgets_no_creation(process, monkeypatch):
    outdated = process(cache=SharedCache())
    outdated.connectors()
    connector = create(process(), attempt="key")
    outdated._list.forget()
    outdated.client.list_failures = [ServerFailed("500")]

    def fail(_):
        raise ServerFailed("500")

    with monkeypatch.context() as patch:
        patch.setattr(outdated.client, "get_connector", fail)
        with pytest.raises(ServerFailed):
            create(outdated, attempt="key")

    outdated._list.forget()
    assert create(outdated, attempt="key").id == connector.id
    assert outdated.client.calls == 0


def test_an_attempt_that_fails_elsewhere_meanwhile_is_made_here(process, monkeypatch):
    first, second = process(), process()
    first.client.gate, first.client.failures = (
        threading.Event(),
        [RateLimited("429", retry_after=1)],
    )
    unsettled = second.store.creations.unsettled

    def meanwhile(group_id):
        attempts = unsettled(group_id)
        first.client.gate.set()
        with suppress(RateLimited):
            first_attempt.result()
        return attempts

    with ThreadPoolExecutor(1) as pool:
        find, too_early = second.store.creations.find, [None]
        monkeypatch.setattr(
            second.store.creations, "find", lambda *of: too_early.pop() if too_early else find(*of)
        )
        monkeypatch.setattr(second.store.creations, "holder", lambda *_: None)
        monkeypatch.setattr(second.store.creations, "unsettled", meanwhile)
        first_attempt = pool.submit(create, first, attempt="key")
        assert first.client.started.wait(30)

        connector = create(second, attempt="key")

    assert named(second) == [connector.id]


def test_a_key_with_a_different_request_is_refused(process):
    portal = process()
    create(portal, attempt="key")

    with pytest.raises(KeyReused):
        create(portal, "Stock", attempt="key")
    with pytest.raises(KeyReused):
        create(portal, service="slack", attempt="key")

    assert named(portal, "stock") == []


def test_a_key_whose_connector_was_deleted_creates_a_new_one(process):
    portal = process()
    connector = create(portal, attempt="key")
    portal._client.delete_connector(connector.id)
    portal._list.forget()

    assert create(portal, attempt="key").id != connector.id


def test_while_an_attempt_is_in_progress_the_same_key_has_to_retry_later(process):
    first, second = process(), process()
    first.client.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        creation = pool.submit(create, first, attempt="key")
        assert first.client.started.wait(30)

        with pytest.raises(InProgress) as caught:
            create(second, attempt="key")
        first.client.gate.set()

        assert 1 <= caught.value.retry_after <= 5
        assert create(second, attempt="key", patience=30).id == creation.result(30).id
    assert second.client.calls == 0


@pytest.mark.parametrize(
    ("typed", "service"), [("SALES", "stripe"), ("Sales", "slack")], ids=["name", "service"]
)
def test_while_an_attempt_is_in_progress_its_name_is_taken_for_others(process, typed, service):
    first, second = process(), process()
    first.client.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        creation = pool.submit(create, first, attempt="key")
        assert first.client.started.wait(30)

        with pytest.raises(NameTaken) as caught:
            create(second, typed, service, attempt="other")
        name = second.permanent_name(service, typed)
        own = second.permanent_name("stripe", "Sales", attempt="key")
        first.client.gate.set()
        creation.result(30)

    assert (caught.value.free, name.free, own.taken) == ("sales_2", "sales_2", False)
    assert second.client.calls == 0


@pytest.mark.parametrize("is_created", [True, False], ids=["created", "not-created"])
def test_an_attempt_of_a_dead_process_is_in_progress_and_its_name_not_taken(
    process, monkeypatch, is_created
):
    dead, portal = process(), process()
    (dead.client.lost if is_created else dead.client.failures).append(SystemExit())
    with pytest.raises(SystemExit):
        create(dead, attempt="of-a-session-that-is-gone")
    portal._list.forget()

    name = portal.permanent_name("stripe", "Sales")
    with pytest.raises(InProgress, match="is being created"):
        create(portal, attempt="new-session")
    with pytest.raises(InProgress):
        create(portal)

    assert (name.taken, name.pending) == (False, True)
    later = time.time() + 16
    monkeypatch.setattr("time.time", lambda: later)
    connector = create(portal, attempt="new-session")
    assert named(portal) == [connector.id]
    assert not portal.permanent_name("stripe", "Stock").pending


def stranger(portal: Portal, sandbox, service: str = "stripe", *, age: float = 0.0, state=None):
    """Create a connector of the same name as somebody else would, `age` seconds ago."""
    connector = ApiClient(portal.client._request).create_connector(
        service, portal.tenant.group_id, "sales", required=("schema",)
    )
    record = sandbox.world.connections[connector.id]
    record.created_at -= age
    record.setup_state = state or record.setup_state
    record.static_fields = None
    return connector


STRANGERS = [
    pytest.param({"age": 3600.0}, id="older"),
    pytest.param({"state": "connected"}, id="set-up"),
    pytest.param({"service": "jira"}, id="another-service"),
    pytest.param({"age": -3600.0}, id="created-long-after-the-call"),
]


@pytest.mark.parametrize("options", STRANGERS)
def test_a_strangers_connector_of_the_name_is_not_adopted_after_a_lost_answer(
    process, sandbox, options
):
    portal = process()
    portal.client.failures = [ServerFailed("502")]
    portal.client.meanwhile = lambda: stranger(portal, sandbox, **options)

    with pytest.raises(NameTaken) as caught:
        create(portal, attempt="key")

    assert caught.value.free == "sales_2"
    assert (unsettled(portal), portal.store.names()) == (0, {})


@pytest.mark.parametrize("options", STRANGERS)
def test_a_strangers_connector_of_the_name_is_not_adopted_at_the_next_try(
    process, sandbox, options
):
    portal = process()
    portal.client.failures, portal.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    stranger(portal, sandbox, **options)

    with pytest.raises(NameTaken):
        create(portal, attempt="key")

    assert (unsettled(portal), portal.store.names()) == (0, {})


@pytest.mark.parametrize("options", STRANGERS)
def test_a_strangers_connector_of_the_name_is_not_adopted_in_the_background(
    process, sandbox, options
):
    portal = process()
    portal.client.failures, portal.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    stranger(portal, sandbox, **options)

    portal.settle_abandoned()

    assert (unsettled(portal), portal.store.names()) == (0, {})
    entries = portal.store.audit.entries()
    assert [(entry.what, entry.outcome) for entry in entries] == [("create", "TimedOut")]


def test_a_connector_that_has_the_name_before_the_call_is_not_adopted(process, sandbox):
    portal = process()
    portal.connectors()
    stranger(portal, sandbox)
    portal.client.failures = [ServerFailed("502")]

    with pytest.raises(NameTaken):
        create(portal, attempt="key")

    assert (portal.client.calls, unsettled(portal), portal.store.names()) == (0, 0, {})


def test_the_time_of_a_call_is_by_fivetrans_clock(process, sandbox, monkeypatch):
    portal = process()
    sandbox.world.clock.advance(5 * 24 * 3600)
    portal.client.lost = [LOST]

    connector = create(portal, attempt="key")

    assert named(portal) == [connector.id]
    assert portal.client.latest.date == pytest.approx(sandbox.world.clock(), abs=30)


def test_the_naming_fields_are_read_once_and_stored_with_the_attempt(process, monkeypatch):
    portal = process()
    answers = [("schema",), ("schema", "table"), ("schema", "table")]
    monkeypatch.setattr(portal, "_required", lambda _: answers.pop(0))
    portal.client.lost, portal.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    connector = create(portal, attempt="key")

    assert (connector.schema_name, named(portal)) == ("sales", [connector.id])
    assert portal.client.calls == 1


def test_of_two_processes_with_one_key_one_calls_fivetran(process):
    portals = [process() for _ in range(4)]
    together = threading.Barrier(4)

    def create_together(portal):
        together.wait()
        return create(portal, attempt="key", patience=30).id

    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(create_together, portals))

    assert len(set(ids)) == 1
    assert sum(portal.client.calls for portal in portals) == 1


def test_a_lost_answer_is_looked_up_and_adopted(process):
    portal = process()
    portal.client.lost = [LOST]

    connector = create(portal, attempt="key")

    assert named(portal) == [connector.id]
    assert (portal.client.calls, unsettled(portal)) == (1, 0)


def test_a_lost_answer_whose_look_up_failed_is_adopted_at_the_next_try(process):
    portal = process()
    portal.client.lost, portal.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    second = process()
    connector = create(second, attempt="key")

    assert named(portal) == [connector.id]
    assert (second.client.calls, unsettled(portal)) == (0, 0)


def test_a_creation_that_may_be_on_its_way_is_not_repeated_before_the_look_up_says_no(process):
    portal = process()
    portal.client.failures, portal.client.lookup_failures = [LOST], [ServerFailed("500")] * 2
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    with pytest.raises(ServerFailed):
        create(portal, attempt="key")
    assert portal.client.calls == 1

    connector = create(portal, attempt="key")
    assert (named(portal), portal.client.calls) == ([connector.id], 2)


def test_a_creation_completed_after_the_look_up_is_adopted_when_the_name_is_refused(process):
    portal = process()
    portal.client.failures = [LOST]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    listed = portal.client.get_list_of_connectors_in_group

    def late(group_id, *, schema=None):
        connectors = list(listed(group_id, schema=schema))
        if schema and not connectors:
            ApiClient.create_connector(portal.client, "stripe", group_id, "sales")
        return iter(connectors)

    portal.client.get_list_of_connectors_in_group = late

    connector = create(portal, attempt="key")

    assert named(portal) == [connector.id]
    assert unsettled(portal) == 0


def test_another_tab_with_the_same_request_continues_an_uncertain_creation(process):
    first, second = process(), process()
    first.client.lost, first.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(first, attempt="tab-1")

    connector = create(second, attempt="tab-2")

    assert named(first) == [connector.id]
    assert [create(second, attempt=key).id for key in ("tab-1", "tab-2")] == [connector.id] * 2


def test_a_second_key_that_cannot_be_stored_does_not_hide_the_connector(process, monkeypatch):
    portal = process()
    portal.client.failures = [LOST]
    with pytest.raises(TimedOut):
        create(portal, attempt="one tab")

    def fail(*_, **__):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal.store.creations, "add", fail)

    connector = create(portal, attempt="another tab")

    assert named(portal) == [connector.id]


def test_another_process_takes_over_from_a_dead_one_once_its_lease_has_expired(
    process, monkeypatch
):
    dead = process()
    dead.client.lost = [SystemExit()]
    with pytest.raises(SystemExit):
        create(dead, attempt="key")
    portals = [process() for _ in range(4)]

    with pytest.raises(InProgress):
        create(portals[0], attempt="key")
    later = time.time() + 16
    monkeypatch.setattr("time.time", lambda: later)
    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(lambda row: create(row, attempt="key", patience=30).id, portals))

    assert named(dead) == [*ids]
    assert sum(portal.client.calls for portal in portals) == 0


def test_a_refusal_by_fivetran_leaves_the_name_free(process):
    portal = process()
    portal.client.failures = [RateLimited("used up", retry_after=60)]

    with pytest.raises(RateLimited):
        create(portal, attempt="key")

    assert unsettled(portal) == 0
    assert create(portal, attempt="other").schema_name == "sales"


def test_a_name_taken_outside_this_product_is_refused_with_a_free_one(process, sandbox):
    portal = process()
    portal.connectors()
    sandbox_client = ApiClient(portal.client._request)
    sandbox_client.create_connector("stripe", portal.tenant.group_id, "sales")

    with pytest.raises(NameTaken) as caught:
        create(portal, attempt="key")

    assert caught.value.free == "sales_2"
    assert unsettled(portal) == 0


def test_abandoned_attempts_are_settled_in_the_background(process, sandbox, monkeypatch):
    portal = process(timeout=5)
    portal.client.lost, portal.client.lookup_failures = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, "Made", attempt="connector")
    portal.client.failures = [LOST]
    with pytest.raises(TimedOut):
        create(portal, "Never", attempt="never")

    portal.settle_abandoned()
    before = unsettled(portal)
    later = time.time() + 60
    monkeypatch.setattr("time.time", lambda: later)
    sandbox.world.clock.advance(60)
    portal.settle_abandoned()

    assert (before, unsettled(portal)) == (1, 0)
    assert portal.connectors().items[-1].title == "Made" or named(portal, "connector")
    assert named(portal, "never") == []


def test_without_the_database_nothing_is_created_and_the_list_is_still_shown(process, monkeypatch):
    portal = process()
    create(portal)

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal.store, "names", fail)
    monkeypatch.setattr(portal.store.creations, "find", fail)
    portal._list.forget()

    with pytest.raises(StoreFailed, match=r"^Nothing was created\. Our own database"):
        create(portal, "Stock")

    assert "sales" in [item.title for item in portal.connectors().items]
    assert portal.client.calls == 1


def test_a_creation_that_cannot_be_stored_afterwards_exists_all_the_same(
    process, monkeypatch, later
):
    portal = process()

    def fail(*_):
        raise StoreFailed("full")

    with monkeypatch.context() as patch:
        patch.setattr(portal.store.creations, "finish", fail)
        connector = create(portal, attempt="key")

    assert named(portal) == [connector.id]
    assert unsettled(portal) == 1
    later(60)
    portal.settle_abandoned()
    entries = portal.store.audit.entries()
    assert [(entry.what, entry.outcome) for entry in entries] == [("create", "done")]
    assert unsettled(portal) == 0


@pytest.mark.parametrize("typed", ["Sal\0es", "Sal\ud800es"], ids=["nul", "half-a-surrogate-pair"])
def test_characters_that_no_database_takes_are_left_out_of_a_name(process, typed):
    assert create(process(), typed).title == "Sales"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("Sal\nes", id="line-break"),
        pytest.param("Sal\u2028es", id="line-separator"),
        pytest.param("Sal\u202ees", id="direction-override"),
        pytest.param("Sal\u2067es", id="direction-isolate"),
        pytest.param("Sal\u200bes", id="zero-width"),
        pytest.param("Sal\x1b[31mes", id="control"),
    ],
)
def test_a_name_is_one_line_of_visible_characters(process, typed):
    portal = process()

    with pytest.raises(InvalidName, match="one line of visible characters"):
        create(portal, typed)

    assert named(portal) == []


def test_invisible_characters_around_a_copied_name_are_left_out(process):
    assert create(process(), "\ufeff\u200e Sales\u200f\n").title == "Sales"


def test_every_creation_is_in_the_audit_log(process):
    portal = process()
    connector = create(portal)
    portal.client.failures = [RateLimited("used up", retry_after=60)]
    with pytest.raises(RateLimited):
        create(portal, "Stock")

    entries = [
        (entry.actor, entry.what, entry.connector_id, entry.name, entry.outcome)
        for entry in portal.store.audit.entries()
    ]

    assert entries == [
        ("page", "create", connector.id, "sales", "done"),
        ("page", "create", "", "stock", "RateLimited"),
    ]
