"""Creation that happens once: keys, reservations, leases, and what is found after a loss."""

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
from pbf.fivetran.transport import Request
from pbf.store.store import Store

RETURN = "http://localhost/_/return"
LOST = TimedOut("Fivetran did not answer within 60 seconds.")


class Unlucky(ApiClient):
    """A client whose creations come to nothing, are lost after the work, or wait; in that order."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.not_done: list[Exception] = []
        self.lost: list[Exception] = []
        self.blind: list[Exception] = []
        self.away: list[Exception] = []
        self.gate: threading.Event | None = None
        self.begun = threading.Event()
        self.calls = 0
        self.meanwhile = lambda: None

    def create_connector(self, *args, **options):
        self.calls += 1
        self.begun.set()
        if self.gate:
            assert self.gate.wait(30)
        if self.not_done:
            self.meanwhile()
            raise self.not_done.pop(0)
        made = super().create_connector(*args, **options)
        if self.lost:
            raise self.lost.pop(0)
        return made

    def get_list_of_connectors_in_group(self, group_id, *, schema=None):
        # The look before the first call sees; what is to fail is the one after it.
        blind = self.blind if schema and self.calls else [] if schema else self.away
        if blind:
            raise blind.pop(0)
        return super().get_list_of_connectors_in_group(group_id, schema=schema)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request, tmp_path):
    """The address of one database that several processes share."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres").fresh()
    return f"sqlite:///{tmp_path / 'kept.sqlite3'}"


@pytest.fixture
def process(house, settings, url):
    """Start what a process is made of, as often as asked, over one account and one database."""
    ended = []

    def start(*, timeout: float = 30.0, cache=house.cache) -> Portal:
        request = Request(settings.api_url, settings.api_key, settings.api_secret, timeout=timeout)
        client, store = Unlucky(request), Store(url)
        ended.extend((client.close, store.close))
        tenant = Tenant(id="t", name="t", group_id=settings.group_id)
        portal = Portal(
            tenant, client=client, cache=cache, store=store, signer=house.portal.signer, grace=24.0
        )
        portal.client, portal.store = client, store
        return portal

    yield start
    for end in ended:
        end()


def create(portal: Portal, typed: str = "Sales", service: str = "stripe", **options):
    return portal.create(service, typed, return_url=RETURN, **options)


def named(portal: Portal, schema: str = "sales") -> list[str]:
    portal._list.forget()
    return [one.id for one in portal.connectors().items if one.schema_name == schema]


def unsettled(portal: Portal) -> int:
    return len(portal.store.creations.unsettled(portal.tenant.group_id))


def test_a_key_leads_to_the_same_connector_in_another_process_and_after_a_restart(process):
    made = create(process(), attempt="key")

    again = create(process(), attempt="key")

    assert (again.id, again.title) == (made.id, "Sales")
    assert named(process()) == [made.id]


def test_a_process_whose_list_is_behind_finds_what_another_has_made(process):
    behind = process(cache=SharedCache())
    behind.connectors()
    made = create(process(), attempt="key")

    assert create(behind, attempt="key").id == made.id
    assert behind.client.calls == 0


def test_a_process_whose_list_fails_asks_for_what_another_has_made_alone(process):
    behind = process(cache=SharedCache())
    behind.connectors()
    made = create(process(), attempt="key")
    behind._list.forget()
    behind.client.away = [ServerFailed("500")]

    assert create(behind, attempt="key").id == made.id
    assert behind.client.calls == 0


def test_a_process_that_cannot_bring_its_list_up_to_date_forgets_no_creation(process, monkeypatch):
    behind = process(cache=SharedCache())
    behind.connectors()
    made = create(process(), attempt="key")
    behind._list.forget()
    behind.client.away = [ServerFailed("500")]

    def fail(_):
        raise ServerFailed("500")

    with monkeypatch.context() as patch:
        patch.setattr(behind.client, "get_connector", fail)
        with pytest.raises(ServerFailed):
            create(behind, attempt="key")

    behind._list.forget()
    assert create(behind, attempt="key").id == made.id
    assert behind.client.calls == 0


def test_an_attempt_that_comes_to_nothing_elsewhere_meanwhile_is_made_here(process, monkeypatch):
    first, second = process(), process()
    first.client.gate, first.client.not_done = (
        threading.Event(),
        [RateLimited("429", retry_after=1)],
    )
    seen = second.store.creations.unsettled

    def meanwhile(group_id):
        found = seen(group_id)
        first.client.gate.set()
        with suppress(RateLimited):
            beginning.result()
        return found

    with ThreadPoolExecutor(1) as pool:
        find, too_early = second.store.creations.find, [None]
        monkeypatch.setattr(
            second.store.creations, "find", lambda *of: too_early.pop() if too_early else find(*of)
        )
        monkeypatch.setattr(second.store.creations, "holder", lambda *_: None)
        monkeypatch.setattr(second.store.creations, "unsettled", meanwhile)
        beginning = pool.submit(create, first, attempt="key")
        assert first.client.begun.wait(30)

        made = create(second, attempt="key")

    assert named(second) == [made.id]


def test_a_key_with_another_wish_is_refused(process):
    portal = process()
    create(portal, attempt="key")

    with pytest.raises(KeyReused):
        create(portal, "Stock", attempt="key")
    with pytest.raises(KeyReused):
        create(portal, service="slack", attempt="key")

    assert named(portal, "stock") == []


def test_a_key_whose_connector_was_deleted_makes_a_new_one(process):
    portal = process()
    made = create(portal, attempt="key")
    portal._client.delete_connector(made.id)
    portal._list.forget()

    assert create(portal, attempt="key").id != made.id


def test_while_an_attempt_is_at_work_the_same_key_is_told_to_come_back(process):
    first, second = process(), process()
    first.client.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(create, first, attempt="key")
        assert first.client.begun.wait(30)

        with pytest.raises(InProgress) as caught:
            create(second, attempt="key")
        first.client.gate.set()

        assert 1 <= caught.value.retry_after <= 5
        assert create(second, attempt="key", patience=30).id == making.result(30).id
    assert second.client.calls == 0


@pytest.mark.parametrize(
    ("typed", "service"), [("SALES", "stripe"), ("Sales", "slack")], ids=["name", "service"]
)
def test_while_an_attempt_is_at_work_its_name_is_taken_for_others(process, typed, service):
    first, second = process(), process()
    first.client.gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        making = pool.submit(create, first, attempt="key")
        assert first.client.begun.wait(30)

        with pytest.raises(NameTaken) as caught:
            create(second, typed, service, attempt="other")
        shown = second.permanent_name(service, typed)
        own = second.permanent_name("stripe", "Sales", attempt="key")
        first.client.gate.set()
        making.result(30)

    assert (caught.value.free, shown.free, own.taken) == ("sales_2", "sales_2", False)
    assert second.client.calls == 0


@pytest.mark.parametrize("made", [True, False], ids=["made", "not-made"])
def test_an_attempt_of_a_process_that_died_is_being_created_and_not_taken(
    process, monkeypatch, made
):
    dead, portal = process(), process()
    (dead.client.lost if made else dead.client.not_done).append(SystemExit())
    with pytest.raises(SystemExit):
        create(dead, attempt="of-a-session-that-is-gone")
    portal._list.forget()

    name = portal.permanent_name("stripe", "Sales")
    with pytest.raises(InProgress, match="is being created"):
        create(portal, attempt="new-session")
    with pytest.raises(InProgress):
        create(portal)

    assert (name.taken, name.pending) == (False, True)
    later = time.time() + 200
    monkeypatch.setattr("time.time", lambda: later)
    found = create(portal, attempt="new-session")
    assert named(portal) == [found.id]
    assert not portal.permanent_name("stripe", "Stock").pending


def stranger(portal: Portal, sandbox, service: str = "stripe", *, age: float = 0.0, state=None):
    """Let somebody else make a connector of the same name, so many seconds ago."""
    made = ApiClient(portal.client._request).create_connector(
        service, portal.tenant.group_id, "sales", required=("schema",)
    )
    record = sandbox.world.connections[made.id]
    record.created_at -= age
    record.setup_state = state or record.setup_state
    record.static_fields = record.serialized = None
    return made


STRANGERS = [
    pytest.param({"age": 3600.0}, id="older"),
    pytest.param({"state": "connected"}, id="set-up"),
    pytest.param({"service": "jira"}, id="another-service"),
    pytest.param({"age": -3600.0}, id="made-when-the-call-was-long-over"),
]


@pytest.mark.parametrize("other", STRANGERS)
def test_a_stranger_of_the_name_is_not_adopted_after_a_lost_answer(process, sandbox, other):
    portal = process()
    portal.client.not_done = [ServerFailed("502")]
    portal.client.meanwhile = lambda: stranger(portal, sandbox, **other)

    with pytest.raises(NameTaken) as caught:
        create(portal, attempt="key")

    assert caught.value.free == "sales_2"
    assert (unsettled(portal), portal.store.names()) == (0, {})


@pytest.mark.parametrize("other", STRANGERS)
def test_a_stranger_of_the_name_is_not_adopted_at_the_next_try(process, sandbox, other):
    portal = process()
    portal.client.not_done, portal.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    stranger(portal, sandbox, **other)

    with pytest.raises(NameTaken):
        create(portal, attempt="key")

    assert (unsettled(portal), portal.store.names()) == (0, {})


@pytest.mark.parametrize("other", STRANGERS)
def test_a_stranger_of_the_name_is_not_adopted_by_who_keeps_house(
    process, sandbox, monkeypatch, other
):
    portal = process()
    portal.client.not_done, portal.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    stranger(portal, sandbox, **other)

    portal.settle_abandoned()

    assert (unsettled(portal), portal.store.names()) == (0, {})
    told = [(one.what, one.outcome) for one in portal.store.audit.entries()]
    assert told == [("create", "TimedOut")]


def test_what_has_the_name_before_the_call_is_not_taken_for_its_work(process, sandbox):
    portal = process()
    portal.connectors()
    stranger(portal, sandbox)
    portal.client.not_done = [ServerFailed("502")]

    with pytest.raises(NameTaken):
        create(portal, attempt="key")

    assert (portal.client.calls, unsettled(portal), portal.store.names()) == (0, 0, {})


def test_the_time_of_a_call_is_by_fivetrans_clock(process, sandbox, monkeypatch):
    portal = process()
    sandbox.world.clock.advance(5 * 24 * 3600)
    portal.client.lost = [LOST]

    made = create(portal, attempt="key")

    assert named(portal) == [made.id]
    assert portal.client.date == pytest.approx(sandbox.world.clock(), abs=30)


def test_the_naming_fields_are_asked_for_once_and_kept_with_the_attempt(process, monkeypatch):
    portal = process()
    told = [("schema",), ("schema", "table"), ("schema", "table")]
    monkeypatch.setattr(portal._creator, "_required", lambda _: told.pop(0))
    portal.client.lost, portal.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    made = create(portal, attempt="key")

    assert (made.schema_name, named(portal)) == ("sales", [made.id])
    assert portal.client.calls == 1


def test_of_two_processes_with_one_key_one_calls_fivetran(process):
    portals = [process() for _ in range(4)]
    together = threading.Barrier(4)

    def both(portal):
        together.wait()
        return create(portal, attempt="key", patience=30).id

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(both, portals))

    assert len(set(made)) == 1
    assert sum(portal.client.calls for portal in portals) == 1


def test_a_lost_answer_is_looked_up_and_adopted(process):
    portal = process()
    portal.client.lost = [LOST]

    made = create(portal, attempt="key")

    assert named(portal) == [made.id]
    assert (portal.client.calls, unsettled(portal)) == (1, 0)


def test_a_lost_answer_that_nobody_could_look_up_is_adopted_at_the_next_try(process):
    portal = process()
    portal.client.lost, portal.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    other = process()
    made = create(other, attempt="key")

    assert named(portal) == [made.id]
    assert (other.client.calls, unsettled(portal)) == (0, 0)


def test_a_creation_that_may_be_on_its_way_is_not_repeated_before_the_look_up_says_no(process):
    portal = process()
    portal.client.not_done, portal.client.blind = [LOST], [ServerFailed("500")] * 2
    with pytest.raises(TimedOut):
        create(portal, attempt="key")

    with pytest.raises(ServerFailed):
        create(portal, attempt="key")
    assert portal.client.calls == 1

    made = create(portal, attempt="key")
    assert (named(portal), portal.client.calls) == ([made.id], 2)


def test_the_work_that_lands_after_the_look_up_is_adopted_when_fivetran_refuses_the_name(process):
    portal = process()
    portal.client.not_done = [LOST]
    with pytest.raises(TimedOut):
        create(portal, attempt="key")
    seen = portal.client.get_list_of_connectors_in_group

    def late(group_id, *, schema=None):
        found = list(seen(group_id, schema=schema))
        if schema and not found:
            ApiClient.create_connector(portal.client, "stripe", group_id, "sales")
        return iter(found)

    portal.client.get_list_of_connectors_in_group = late

    made = create(portal, attempt="key")

    assert named(portal) == [made.id]
    assert unsettled(portal) == 0


def test_another_tab_with_the_same_wish_continues_what_was_left_in_doubt(process):
    first, second = process(), process()
    first.client.lost, first.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(first, attempt="tab-1")

    made = create(second, attempt="tab-2")

    assert named(first) == [made.id]
    assert [create(second, attempt=key).id for key in ("tab-1", "tab-2")] == [made.id] * 2


def test_a_second_key_that_cannot_be_written_down_does_not_hide_what_was_made(process, monkeypatch):
    portal = process()
    portal.client.not_done = [LOST]
    with pytest.raises(TimedOut):
        create(portal, attempt="one tab")

    def fail(*_, **__):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal.store.creations, "open", fail)

    made = create(portal, attempt="another tab")

    assert named(portal) == [made.id]


def test_a_process_that_died_is_succeeded_once_its_lease_has_run_out(process, monkeypatch):
    dead = process()
    dead.client.lost = [SystemExit()]
    with pytest.raises(SystemExit):
        create(dead, attempt="key")
    portals = [process() for _ in range(4)]

    with pytest.raises(InProgress):
        create(portals[0], attempt="key")
    later = time.time() + 200
    monkeypatch.setattr("time.time", lambda: later)
    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(lambda one: create(one, attempt="key", patience=30).id, portals))

    assert named(dead) == [*made]
    assert sum(portal.client.calls for portal in portals) == 0


def test_what_fivetran_refuses_leaves_the_name_free(process):
    portal = process()
    portal.client.not_done = [RateLimited("used up", retry_after=60)]

    with pytest.raises(RateLimited):
        create(portal, attempt="key")

    assert unsettled(portal) == 0
    assert create(portal, attempt="other").schema_name == "sales"


def test_a_name_that_is_taken_behind_our_back_is_refused_with_a_free_one(process, sandbox):
    portal = process()
    portal.connectors()
    sandbox_client = ApiClient(portal.client._request)
    sandbox_client.create_connector("stripe", portal.tenant.group_id, "sales")

    with pytest.raises(NameTaken) as caught:
        create(portal, attempt="key")

    assert caught.value.free == "sales_2"
    assert unsettled(portal) == 0


def test_what_was_abandoned_is_settled_without_anybody_asking(process, sandbox, monkeypatch):
    portal = process(timeout=5)
    portal.client.lost, portal.client.blind = [LOST], [ServerFailed("500")]
    with pytest.raises(TimedOut):
        create(portal, "Made", attempt="made")
    portal.client.not_done = [LOST]
    with pytest.raises(TimedOut):
        create(portal, "Never", attempt="never")

    portal.settle_abandoned()
    before = unsettled(portal)
    later = time.time() + 60
    monkeypatch.setattr("time.time", lambda: later)
    sandbox.world.clock.advance(60)
    portal.settle_abandoned()

    assert (before, unsettled(portal)) == (1, 0)
    assert portal.connectors().items[-1].title == "Made" or named(portal, "made")
    assert named(portal, "never") == []


def test_without_the_database_nothing_is_created_and_what_there_is_is_shown(process, monkeypatch):
    portal = process()
    create(portal)

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal.store, "names", fail)
    monkeypatch.setattr(portal.store.creations, "find", fail)
    portal._list.forget()

    with pytest.raises(StoreFailed, match=r"^Nothing was created\. Our own database"):
        create(portal, "Stock")

    assert "sales" in [one.title for one in portal.connectors().items]
    assert portal.client.calls == 1


def test_a_creation_that_cannot_be_written_down_afterwards_is_there_all_the_same(
    process, monkeypatch
):
    portal = process()

    def fail(*_):
        raise StoreFailed("full")

    with monkeypatch.context() as patch:
        patch.setattr(portal.store.creations, "finish", fail)
        made = create(portal, attempt="key")

    assert named(portal) == [made.id]
    assert unsettled(portal) == 1


@pytest.mark.parametrize("typed", ["Sal\0es", "Sal\ud800es"], ids=["nul", "half-a-letter"])
def test_what_no_database_takes_is_left_out_of_a_name(process, typed):
    assert create(process(), typed).title == "Sales"


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param("Sal\nes", id="line-break"),
        pytest.param("Sal\u2028es", id="line-separator"),
        pytest.param("Sal\u202ees", id="turned-round"),
        pytest.param("Sal\u2067es", id="isolated"),
        pytest.param("Sal\u200bes", id="no-width"),
        pytest.param("Sal\x1b[31mes", id="control"),
    ],
)
def test_a_name_is_one_line_of_visible_characters(process, typed):
    portal = process()

    with pytest.raises(InvalidName, match="one line of visible characters"):
        create(portal, typed)

    assert named(portal) == []


def test_what_comes_along_when_a_name_is_copied_is_left_out(process):
    assert create(process(), "\ufeff\u200e Sales\u200f\n").title == "Sales"


def test_every_creation_is_in_the_audit_log(process):
    portal = process()
    made = create(portal)
    portal.client.not_done = [RateLimited("used up", retry_after=60)]
    with pytest.raises(RateLimited):
        create(portal, "Stock")

    told = [
        (one.who, one.what, one.connector_id, one.name, one.outcome)
        for one in portal.store.audit.entries()
    ]

    assert told == [
        ("page", "create", made.id, "sales", "done"),
        ("page", "create", "", "stock", "RateLimited"),
    ]
