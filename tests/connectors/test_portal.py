import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from pbf.connectors.connector_list import UNKNOWN_LIFETIME
from pbf.connectors.portal import CARD_AT_HAND, Portal, Tenant
from pbf.errors import (
    ApiError,
    BadAnswer,
    GroupNotVisible,
    InProgress,
    InvalidName,
    InvalidRequest,
    NameTaken,
    RateLimited,
    ServerFailed,
    StoreFailed,
    TimedOut,
    Unauthorized,
    UnknownConnector,
    UnknownService,
)
from pbf.fivetran.client import ApiClient
from pbf.fivetran.transport import Request
from pbf.runtime import Runtime
from tests.support.accounts import API

CONNECTORS = f"{API}/v1/groups/our_group/connections"
RETURN = "http://localhost/_/return"
MADE = {
    "id": "one",
    "service": "stripe",
    "schema": "sales",
    "status": {"setup_state": "incomplete"},
    "connect_card": {"uri": "https://f.example/setup?auth=first"},
}


class DoesTheWorkAndFails(ApiClient):
    """A client whose creations succeed, though their answers are lost."""

    error: ApiError = TimedOut("Fivetran did not answer within 60 seconds.")

    def create_connector(self, *args, **options):
        super().create_connector(*args, **options)
        raise self.error


@pytest.fixture
def tenant_of(house: Runtime):
    """Another portal on the same account, for another tenant or through another client."""

    def make(group_id: str, client: ApiClient | None = None) -> Portal:
        return Portal(
            Tenant(id=group_id, name=group_id, group_id=group_id),
            client=client or house.client,
            cache=house.cache,
            store=house.store,
            signer=house.portal.signer,
            grace=24.0,
        )

    return make


class Slow(ApiClient):
    """A client for whom the whole list takes long once it is told so."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.takes_long, self.goes_on = threading.Event(), threading.Event()

    def get_list_of_connectors_in_group(self, group_id, *, schema=None):
        if schema is None and self.takes_long.is_set():
            assert self.goes_on.wait(30)
        return super().get_list_of_connectors_in_group(group_id, schema=schema)


@pytest.fixture
def slow(tenant_of, settings, monkeypatch):
    """A portal for which the list takes longer than anybody waits, once that is set."""
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    client = Slow(Request(settings.api_url, settings.api_key, settings.api_secret))
    portal = tenant_of(settings.group_id, client)
    portal.takes_long = client.takes_long
    yield portal
    client.goes_on.set()
    client.close()


@pytest.fixture
def remote(remote: Runtime) -> Portal:
    """The portal of an account whose responses the test writes itself."""
    return remote.portal


def items(*found: dict) -> dict:
    return {"code": "Success", "data": {"items": list(found)}}


def catalogue(api: responses.RequestsMock) -> None:
    stripe = {"id": "stripe", "name": "Stripe"}
    api.get(f"{API}/v1/metadata/connector-types", json=items(stripe))
    api.get(f"{API}/v1/metadata/connector-types/stripe", json={"data": stripe})


def create(portal: Portal, typed: str = "Sales", service: str = "stripe", **options):
    return portal.create(service, typed, return_url=RETURN, **options)


def stopped(portal: Portal, monkeypatch) -> list[float]:
    """Stop the clock of a portal's list; return where it can be moved on."""
    clock = [time.time()]
    monkeypatch.setattr(portal._list, "_clock", lambda: clock[0])
    monkeypatch.setattr(portal._cache, "_clock", lambda: clock[0])
    return clock


def paths(sandbox) -> list[str]:
    """What was asked of Fivetran."""
    return [one["path"] for one in sandbox.world.control.log.entries()]


def schemas(portal: Portal) -> list[str]:
    return [connector.schema_name for connector in portal.connectors().items]


def test_the_whole_catalogue_and_every_connector_of_the_group_are_there(portal):
    assert len(portal.services().items) == 773
    assert len(portal.connectors().items) == 12


def test_a_creation_is_in_the_list_at_once_under_the_name_as_typed(portal):
    portal.connectors()

    made = create(portal, "  Möbel & Küche ", "google_sheets")

    assert (made.schema_name, made.title) == ("mobel_kuche.mobel_kuche", "Möbel & Küche")
    assert made.status.setup_state == "incomplete"
    assert portal.connector(made.id).title == "Möbel & Küche"


def test_no_card_is_in_what_a_creation_returns_or_a_list_holds(portal):
    made = create(portal)

    assert made.connect_card is None
    assert all(connector.connect_card is None for connector in portal.connectors().items)


def test_the_same_attempt_makes_one_connector(portal):
    first = create(portal, attempt="form-1")

    second = create(portal, attempt="form-1")

    assert (second.id, second.title) == (first.id, "Sales")
    assert schemas(portal).count("sales") == 1


def test_of_many_who_create_one_name_at_once_one_succeeds(portal):
    def attempt(_: int) -> bool:
        try:
            create(portal)
        except (NameTaken, InvalidRequest, InProgress):
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        succeeded = list(pool.map(attempt, range(8)))

    assert succeeded.count(True) == 1
    assert schemas(portal).count("sales") == 1


def test_another_attempt_at_a_taken_name_is_refused_with_a_free_one(portal):
    create(portal, attempt="form-1")

    with pytest.raises(NameTaken) as caught:
        create(portal, attempt="form-2")

    assert caught.value.free == "sales_2"
    assert schemas(portal).count("sales") == 1


@pytest.mark.parametrize(
    "typed", ["", "  ", "!?", "x" * 101], ids=["none", "blank", "signs", "long"]
)
def test_what_cannot_be_a_name_creates_nothing(portal, typed: str):
    with pytest.raises(InvalidName):
        create(portal, typed)

    assert len(portal.connectors().items) == 12


def test_a_service_that_is_not_in_the_catalogue_creates_nothing(portal):
    with pytest.raises(UnknownService):
        create(portal, service="nonesuch")

    assert len(portal.connectors().items) == 12


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(TimedOut("late"), id="timeout"),
        pytest.param(ServerFailed("500"), id="500"),
        pytest.param(BadAnswer("html"), id="html"),
    ],
)
def test_a_creation_whose_answer_was_lost_is_found_again(tenant_of, settings, error: ApiError):
    client = DoesTheWorkAndFails(Request(settings.api_url, settings.api_key, settings.api_secret))
    client.error = error
    portal = tenant_of(settings.group_id, client)

    made = create(portal, "Sales", "google_sheets", attempt="form-1")

    assert (made.schema_name, made.title) == ("sales.sales", "Sales")
    assert create(portal, "Sales", "google_sheets", attempt="form-1").id == made.id
    assert schemas(portal).count("sales.sales") == 1
    client.close()


def test_a_creation_that_fivetran_refuses_is_not_looked_up(tenant_of, settings):
    client = DoesTheWorkAndFails(Request(settings.api_url, settings.api_key, settings.api_secret))
    client.error = RateLimited("used up", retry_after=60)

    with pytest.raises(RateLimited):
        create(tenant_of(settings.group_id, client))

    client.close()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param({"status": 500, "body": "x"}, ServerFailed, id="500"),
        pytest.param({"body": "<html>"}, BadAnswer, id="html"),
        pytest.param({"body": responses.ConnectionError()}, ApiError, id="dropped"),
    ],
)
def test_a_creation_that_was_not_done_fails_with_its_own_error(remote, api, reply, error):
    catalogue(api)
    api.get(CONNECTORS, json=items())
    api.post(f"{API}/v1/connections", **reply)

    with pytest.raises(error):
        create(remote)


def test_a_creation_that_nobody_can_look_up_fails_with_its_own_error(remote, api):
    catalogue(api)
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, status=401, json={})
    api.post(f"{API}/v1/connections", status=500)

    with pytest.raises(ServerFailed):
        create(remote)


def test_another_services_connector_of_that_name_is_not_taken_for_ones_own(remote, api):
    catalogue(api)
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items({**MADE, "service": "slack"}))
    api.post(f"{API}/v1/connections", status=500)

    with pytest.raises(NameTaken):
        create(remote)


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        pytest.param(
            {"required": ["schema", "table", "sheet_id"]}, {"schema", "table"}, id="metadata"
        ),
        pytest.param({}, {"schema"}, id="none-named"),
    ],
)
def test_the_naming_fields_are_those_that_the_services_metadata_requires(
    remote, api, config: dict, fields: set
):
    stripe = {"id": "stripe", "name": "Stripe"}
    api.get(f"{API}/v1/metadata/connector-types", json=items(stripe))
    api.get(
        f"{API}/v1/metadata/connector-types/stripe", json={"data": {**stripe, "config": config}}
    )
    api.get(CONNECTORS, json=items())
    post = api.post(f"{API}/v1/connections", json={"data": MADE})

    create(remote)

    assert json.loads(post.calls[0].request.body)["config"] == dict.fromkeys(fields, "sales")


def test_where_there_is_no_metadata_the_services_kind_is_taken(remote, api):
    api.get(f"{API}/v1/metadata/connector-types/google_sheets", status=404, json={})
    api.get(CONNECTORS, json=items())

    name = remote.permanent_name("google_sheets", "Sales")

    assert name.schema == "sales.sales"


def test_a_name_is_kept_by_a_portal_that_starts_again(house, settings, tenant_of):
    made = create(house.portal)
    house.cache.forget(f"connectors:{settings.group_id}")

    assert tenant_of(settings.group_id).connector(made.id).title == "Sales"


def test_a_connector_that_nobody_named_here_has_its_permanent_name(portal):
    assert "stripe_payments" in [connector.title for connector in portal.connectors().items]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda portal, id_: portal.connector(id_), id="read"),
        pytest.param(lambda portal, id_: portal.operations.sync(id_), id="sync"),
        pytest.param(lambda portal, id_: portal.operations.resume(id_), id="resume"),
        pytest.param(lambda portal, id_: portal.invitation(id_), id="invitation"),
        pytest.param(lambda portal, id_: portal.hand_off(id_, return_url=RETURN), id="hand-off"),
        pytest.param(lambda portal, id_: portal.connect_card(id_, redirect_uri=RETURN), id="card"),
    ],
)
def test_another_tenants_connector_does_not_exist(portal, sandbox, use):
    other = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=other.id)[0]
    foreign.paused = True
    before = foreign.life

    with pytest.raises(UnknownConnector):
        use(portal, foreign.id)

    assert foreign.paused
    assert foreign.life == before


def test_another_tenant_has_names_and_a_list_of_its_own(portal, sandbox, tenant_of):
    other = tenant_of(sandbox.world.add_group("Other").id)
    create(portal)

    made = create(other)

    assert (made.schema_name, schemas(other)) == ("sales", ["sales"])


def test_the_card_that_came_with_the_creation_is_handed_out_once_and_then_a_new_one(remote, api):
    catalogue(api)
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items(MADE))
    api.post(f"{API}/v1/connections", json={"data": MADE})
    new = api.post(
        f"{API}/v1/connections/one/connect-card",
        json={"data": {"connect_card": {"uri": "https://f.example/setup?auth=second"}}},
    )
    create(remote)

    first, second = (remote.hand_off("one", return_url=RETURN).uri for _ in range(2))

    assert first == "https://f.example/setup?auth=first"
    assert second == "https://f.example/setup?auth=second"
    sent = json.loads(new.calls[0].request.body)["connect_card_config"]["redirect_uri"]
    state = parse_qs(urlsplit(sent).query)["state"][0]
    assert remote.signer.read_state(state, "our_group").connector_id == "one"


def test_one_who_returns_gets_the_connector_as_it_is_now(portal, sandbox):
    made = create(portal)
    portal.connectors()
    state = portal.signer.state(portal.tenant.id, connector_id=made.id)
    sandbox.world.pass_setup(made.id)

    back = portal.come_back(state)

    assert (back.id, back.status.setup_state) == (made.id, "connected")


def test_one_who_returns_from_the_first_card_is_known_by_the_permanent_name(portal):
    made = create(portal)
    state = portal.signer.state(portal.tenant.id, schema_name="sales")

    assert portal.come_back(state).id == made.id


def test_a_return_counts_once(portal):
    made = create(portal)
    state = portal.signer.state(portal.tenant.id, connector_id=made.id)

    assert portal.come_back(state).id == made.id
    assert portal.come_back(state) is None


def test_a_return_that_is_forged_or_somebody_elses_is_none(portal):
    made = create(portal)

    assert portal.come_back("") is None
    assert portal.come_back("forged") is None
    assert portal.come_back(portal.signer.state("other", connector_id=made.id)) is None
    assert portal.come_back(portal.signer.ticket(portal.tenant.id, made.id)) is None


@pytest.mark.parametrize("about", [{"connector_id": "gone"}, {"schema_name": "gone"}], ids=str)
def test_a_return_about_a_connector_that_is_gone_says_so(portal, about: dict):
    with pytest.raises(UnknownConnector):
        portal.come_back(portal.signer.state(portal.tenant.id, **about))


def test_a_sync_shows_at_once(portal, sandbox):
    late = next(one for one in portal.connectors().items if one.schema_name == "linkedin_ads_b2b")

    portal.operations.sync(late.id)

    assert portal.connector(late.id).status.sync_state == "syncing"


def test_a_resumed_connector_shows_at_once(portal):
    paused = next(one for one in portal.connectors().items if one.paused)

    portal.operations.resume(paused.id)

    assert portal.connector(paused.id).paused is False


def test_a_connector_made_elsewhere_a_moment_ago_is_found(remote, api, monkeypatch):
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items(MADE))
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    assert remote.connector("one").id == "one"


@pytest.mark.parametrize("status", [403, 404])
def test_a_group_that_the_key_cannot_see_is_named(remote, api, status: int):
    api.get(CONNECTORS, status=status, json={})

    with pytest.raises(GroupNotVisible, match="our_group"):
        remote.connectors()


def test_a_wrong_key_is_not_taken_for_a_wrong_group(remote, api):
    api.get(CONNECTORS, status=401, json={})

    with pytest.raises(Unauthorized):
        remote.connectors()


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda portal, id_: portal.connector(id_), id="read"),
        pytest.param(lambda portal, id_: portal.operations.delete(id_), id="delete"),
        pytest.param(lambda portal, id_: portal.operations.delete(id_, now=True), id="at-once"),
        pytest.param(lambda portal, id_: portal.operations.restore(id_), id="restore"),
        pytest.param(lambda portal, id_: portal.operations.sync(id_), id="sync"),
        pytest.param(lambda portal, id_: portal.operations.test(id_), id="test"),
        pytest.param(lambda portal, id_: portal.operations.pause(id_), id="pause"),
        pytest.param(lambda portal, id_: portal.operations.history(id_), id="history"),
        pytest.param(lambda portal, id_: portal.operations.schemas(id_), id="schemas"),
        pytest.param(lambda portal, id_: portal.hand_off(id_, return_url=RETURN), id="hand-off"),
        pytest.param(lambda portal, id_: portal.invitation(id_), id="invitation"),
    ],
)
def test_ids_that_do_not_exist_cost_next_to_nothing(remote, api, monkeypatch, use):
    listed = api.get(CONNECTORS, json=items(MADE))
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    for number in range(30):
        with pytest.raises(UnknownConnector):
            use(remote, f"stranger_{number}")

    assert 1 <= len(listed.calls) <= 2


def test_for_ids_that_do_not_exist_the_list_is_read_at_most_four_times_a_minute(
    remote, api, monkeypatch
):
    listed = api.get(CONNECTORS, json=items())
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    asked = []

    for later in (14, 16, 30, 32, 46, 48):
        clock[0] += later - (asked[-1][0] if asked else 0)
        for number in range(3):
            with pytest.raises(UnknownConnector):
                remote.connector(f"stranger_{number}")
        asked.append((later, len(listed.calls)))

    assert asked == [(14, 1), (16, 2), (30, 2), (32, 3), (46, 3), (48, 4)]


def test_for_unknown_ids_a_list_that_is_on_its_way_is_not_asked_for_once_more(
    remote, api, monkeypatch
):
    api.get(CONNECTORS, json=items())
    old = remote.connectors().fetched_at
    clock = stopped(remote, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    assert [remote._list._may_look(old) for _ in range(3)] == [True, False, False]


def test_an_id_that_our_own_book_has_as_deleted_costs_no_request(portal, monkeypatch):
    monkeypatch.setattr("pbf.rules.refresh.MOVING_LIFETIME", 60.0)
    made = create(portal)
    portal.operations.delete(made.id)
    portal.connectors()
    clock = stopped(portal, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1
    monkeypatch.setattr(portal._list, "forget", lambda: pytest.fail("The list was dropped."))

    with pytest.raises(UnknownConnector):
        portal.connector(made.id)


def test_an_id_longer_than_any_real_one_is_not_looked_up(remote, api):
    with pytest.raises(UnknownConnector):
        remote.connector("a" * 201)


def test_a_connector_is_found_though_strangers_ask_for_others(remote, api, monkeypatch):
    listed = api.get(CONNECTORS, json=items())
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    for number in range(10):
        clock[0] += 10
        with pytest.raises(UnknownConnector):
            remote.connector(f"stranger_{number}")
    api.replace(responses.GET, CONNECTORS, json=items(MADE))
    clock[0] += UNKNOWN_LIFETIME + 1

    assert remote.connector("one").id == "one"
    assert len(listed.calls) >= 3


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda portal, id_: portal.operations.delete(id_), id="delete-again"),
        pytest.param(
            lambda portal, id_: portal.operations.restore(id_), id="restore-what-is-there"
        ),
    ],
)
def test_what_writes_nothing_forgets_nothing(portal, sandbox, use):
    made = create(portal)
    if "delete" in str(use.__code__.co_names):
        portal.operations.delete(made.id)
    before = portal.connectors()

    for _ in range(3):
        use(portal, made.id)

    assert portal.connectors().fetched_at == before.fetched_at


def test_a_deletion_and_its_undoing_show_at_once(portal):
    made = create(portal)

    portal.operations.delete(made.id)
    gone = made.id not in {one.id for one in portal.connectors().items}
    portal.operations.restore(made.id)

    assert gone
    assert portal.connector(made.id).id == made.id


def test_cards_that_nobody_fetched_are_not_kept_for_ever(portal, monkeypatch):
    monkeypatch.setattr("pbf.connectors.portal.MOST_CARDS", 3)
    for number in range(5):
        create(portal, f"Sales {number}")
    kept = [card.uri for _, _, card in portal._made.values()]
    now = datetime.now(UTC)
    monkeypatch.setattr("pbf.connectors.portal._now", lambda: now + CARD_AT_HAND)
    create(portal, "Sales 5")

    assert len(kept) == 3
    assert len(portal._made) == 1


def test_a_return_is_not_answered_from_a_list_of_before(remote, api):
    api.get(CONNECTORS, json=items(MADE))
    api.get(CONNECTORS, status=500, json={})
    api.get(f"{API}/v1/connections/one", status=500, json={})
    remote.connectors()
    state = remote.signer.state(remote.tenant.id, connector_id="one")

    with pytest.raises(ServerFailed):
        remote.come_back(state)


@pytest.mark.parametrize("about", ["connector_id", "schema_name"])
def test_a_return_is_answered_though_the_list_takes_long(slow, sandbox, about):
    portal = slow
    made = create(portal)
    portal.connectors()
    told = {"connector_id": made.id} if about == "connector_id" else {"schema_name": "sales"}
    sandbox.world.pass_setup(made.id)
    portal.takes_long.set()

    back = portal.come_back(portal.signer.state(portal.tenant.id, **told))

    assert portal.connectors().problem
    assert (back.id, back.title) == (made.id, "Sales")
    assert back.status.setup_state == "connected"


@pytest.mark.parametrize("about", [{"connector_id": "gone"}, {"schema_name": "gone"}], ids=str)
def test_a_return_about_another_connector_asks_for_none_of_other_groups(slow, sandbox, about):
    portal = slow
    portal.connectors()
    portal.takes_long.set()

    with pytest.raises((UnknownConnector, TimedOut)):
        portal.come_back(portal.signer.state(portal.tenant.id, **about))

    assert not [path for path in paths(sandbox) if path.endswith("/connections/gone")]


@pytest.mark.parametrize("found_in", ["another_group", ""])
def test_a_connector_of_another_group_is_not_shown_while_the_list_takes_long(remote, api, found_in):
    api.get(CONNECTORS, json=items(MADE))
    api.get(CONNECTORS, status=500, json={})
    asked = api.get(f"{API}/v1/connections/two", json={"data": {"id": "two", "group_id": found_in}})
    remote.connectors()
    made = remote.connectors().items[0].model_copy(update={"id": "two"})
    remote._store.keep_name(made, "Another tenant's")
    remote._list.forget()

    with pytest.raises(UnknownConnector):
        remote.connector("two")

    assert len(asked.calls) == 1


def test_a_key_leads_to_its_connector_though_the_list_takes_long(slow):
    portal = slow
    portal.connectors()
    portal.takes_long.set()
    made = create(portal, attempt="key")

    again = create(portal, attempt="key")

    assert (again.id, again.title) == (made.id, "Sales")
    assert portal.connector(made.id).id == made.id


def test_a_deletion_and_its_undoing_show_though_the_list_takes_long(slow):
    portal = slow
    made = create(portal)
    before = portal.connectors()
    portal.takes_long.set()

    portal.operations.delete(made.id)
    gone, deleted = portal.connectors(), portal.deleted()
    portal.operations.restore(made.id)

    assert made.id not in {one.id for one in gone.items}
    assert [one.id for one in deleted.items] == [made.id]
    assert gone.problem
    assert gone.revision != before.revision
    assert portal.connector(made.id).id == made.id
    assert portal.connectors().revision == before.revision
    assert not portal.deleted().items


def test_a_connector_that_comes_back_shows_though_the_list_takes_long(slow):
    portal = slow
    made = create(portal)
    portal.operations.delete(made.id)
    portal.connectors()
    portal.takes_long.set()

    portal.operations.restore(made.id)

    assert portal.connector(made.id).id == made.id


def test_what_is_deleted_for_good_is_shown_no_more_though_the_list_takes_long(slow):
    portal = slow
    waits, other = create(portal), create(portal, "Other")
    portal.operations.delete(waits.id)
    portal.connectors()
    portal.takes_long.set()

    for made in (waits, other):
        portal.operations.delete(made.id, now=True)

    known = {one.id for one in (*portal.connectors().items, *portal.deleted().items)}
    assert portal.connectors().problem
    assert not known & {waits.id, other.id}


def test_what_is_hidden_stays_so_while_neither_the_list_nor_the_database_is_at_hand(
    slow, monkeypatch
):
    portal = slow
    made = create(portal)
    portal.operations.delete(made.id)
    portal.connectors()
    portal.takes_long.set()
    portal._list.forget()

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    for name in ("listed", "find"):
        monkeypatch.setattr(portal._store.deletions, name, fail)
    portal._list._waits = {}  # as in a process that has just started

    assert [one.id for one in portal.deleted().items] == [made.id]
    assert made.id not in {one.id for one in portal.connectors().items}
    with pytest.raises(UnknownConnector):
        portal.connector(made.id)


def test_what_another_process_has_brought_back_is_found(portal, monkeypatch):
    made = create(portal)
    portal.operations.delete(made.id)
    assert [one.id for one in portal.deleted().items] == [made.id]
    portal._store.deletions.remove(portal._store.deletions.listed(portal.tenant.group_id)[0])
    clock = stopped(portal, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    assert portal.connector(made.id).id == made.id
