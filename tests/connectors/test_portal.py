import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from pbf.connectors.cards.connect_card import CARD_LIFETIME
from pbf.connectors.connector_list import UNKNOWN_LIFETIME
from pbf.connectors.portal import Portal, Tenant
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
from pbf.fivetran.http.transport import Request
from pbf.runtime import Runtime
from tests.support.accounts import API
from tests.support.typed_names import type_name

CONNECTORS = f"{API}/v1/groups/our_group/connections"
PUBLIC_URL = "http://localhost"
MADE = {
    "id": "one",
    "service": "stripe",
    "schema": "sales",
    "status": {"setup_state": "incomplete"},
    "connect_card": {"uri": "https://f.example/setup?auth=first"},
}


class LosesAnswers(ApiClient):
    """A client whose creations succeed, though their answers are lost."""

    error: ApiError = TimedOut("Fivetran did not answer within 60 seconds.")

    def create_connector(self, *args, **options):
        super().create_connector(*args, **options)
        raise self.error


@pytest.fixture
def tenant_of(runtime: Runtime):
    """Make another portal on the same account, for another tenant or through another client."""

    def make(group_id: str, client: ApiClient | None = None) -> Portal:
        return Portal(
            Tenant(id=group_id, name=group_id, group_id=group_id),
            client=client or runtime.client,
            cache=runtime.cache,
            store=runtime.store,
            signer=runtime.portal.signer,
            grace=24.0,
        )

    return make


class Slow(ApiClient):
    """A client whose whole list takes long once `takes_long` is set."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.takes_long, self.goes_on = threading.Event(), threading.Event()

    def get_list_of_connectors_in_group(self, group_id, *, schema=None):
        if schema is None and self.takes_long.is_set():
            assert self.goes_on.wait(30)
        return super().get_list_of_connectors_in_group(group_id, schema=schema)


@pytest.fixture
def slow(tenant_of, settings, monkeypatch):
    """A portal whose list takes longer than anybody waits, once `slow_down` was called."""
    client = Slow(Request(settings.api_url, settings.api_key, settings.api_secret))
    portal = tenant_of(settings.group_id, client)

    def slow_down() -> None:
        # Not earlier: on a busy machine, the lists before could take that long, too.
        monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
        client.takes_long.set()

    portal.slow_down = slow_down
    yield portal
    client.goes_on.set()
    client.close()


@pytest.fixture
def remote(remote: Runtime) -> Portal:
    """The portal of an account whose responses the test writes itself."""
    return remote.portal


def items(*connectors: dict) -> dict:
    return {"code": "Success", "data": {"items": list(connectors)}}


def catalogue(api: responses.RequestsMock) -> None:
    stripe = {"id": "stripe", "name": "Stripe"}
    api.get(f"{API}/v1/metadata/connector-types", json=items(stripe))
    api.get(f"{API}/v1/metadata/connector-types/stripe", json={"data": stripe})


def create(portal: Portal, typed: str = "Sales", service: str = "stripe", **options):
    return portal.create(service, typed, public_url=PUBLIC_URL, **options)


def stopped(portal: Portal, monkeypatch) -> list[float]:
    """Stop the clock of a portal's list; return it as a list of one number to change."""
    clock = [time.time()]
    monkeypatch.setattr(portal._list, "_clock", lambda: clock[0])
    monkeypatch.setattr(portal._cache, "_clock", lambda: clock[0])
    return clock


def paths(sandbox) -> list[str]:
    """The paths of the requests that Fivetran received."""
    return [entry["path"] for entry in sandbox.world.control.log.entries()]


def ids(portal: Portal) -> set[str]:
    return {connector.id for connector in portal.connectors().items}


def schemas(portal: Portal) -> list[str]:
    return [connector.schema_name for connector in portal.connectors().items]


def test_the_whole_catalogue_and_every_connector_of_the_group_are_returned(portal):
    assert len(portal.services().items) == 773
    assert len(portal.connectors().items) == 12


def test_a_creation_is_in_the_list_at_once_under_the_name_as_typed(portal):
    portal.connectors()

    connector = create(portal, "  Möbel & Küche ", "google_sheets")

    assert (connector.schema_name, connector.title) == ("mobel_kuche.mobel_kuche", "Möbel & Küche")
    assert connector.status.setup_state == "incomplete"
    assert portal.connector(connector.id).title == "Möbel & Küche"


def test_no_card_is_in_what_a_creation_returns_or_a_list_holds(portal):
    connector = create(portal)

    assert connector.connect_card is None
    assert all(item.connect_card is None for item in portal.connectors().items)


def test_the_same_attempt_creates_one_connector(portal):
    first = create(portal, attempt="form-1")

    second = create(portal, attempt="form-1")

    assert (second.id, second.title) == (first.id, "Sales")
    assert schemas(portal).count("sales") == 1


def test_of_many_simultaneous_creations_of_one_name_one_succeeds(portal):
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
    "typed", ["", "  ", "!?", "x" * 101], ids=["empty", "blank", "punctuation", "long"]
)
def test_an_invalid_name_creates_nothing(portal, typed: str):
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
    client = LosesAnswers(Request(settings.api_url, settings.api_key, settings.api_secret))
    client.error = error
    portal = tenant_of(settings.group_id, client)

    connector = create(portal, "Sales", "google_sheets", attempt="form-1")

    assert (connector.schema_name, connector.title) == ("sales.sales", "Sales")
    assert create(portal, "Sales", "google_sheets", attempt="form-1").id == connector.id
    assert schemas(portal).count("sales.sales") == 1
    client.close()


def test_a_refused_creation_is_not_looked_up(tenant_of, settings):
    client = LosesAnswers(Request(settings.api_url, settings.api_key, settings.api_secret))
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


def test_a_creation_that_cannot_be_looked_up_fails_with_its_own_error(remote, api):
    catalogue(api)
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, json=items())
    api.get(CONNECTORS, status=401, json={})
    api.post(f"{API}/v1/connections", status=500)

    with pytest.raises(ServerFailed):
        create(remote)


def test_a_connector_of_another_service_with_that_name_is_not_adopted(remote, api):
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


def test_without_metadata_the_naming_fields_follow_the_services_kind(remote, api):
    api.get(f"{API}/v1/metadata/connector-types/google_sheets", status=404, json={})
    api.get(CONNECTORS, json=items())

    name = remote.permanent_name("google_sheets", "Sales")

    assert name.schema == "sales.sales"


def test_a_typed_name_survives_a_restart(runtime, settings, tenant_of):
    connector = create(runtime.portal)
    runtime.cache.forget(f"connectors:{settings.group_id}")

    assert tenant_of(settings.group_id).connector(connector.id).title == "Sales"


def test_a_connector_created_elsewhere_is_shown_under_its_permanent_name(portal):
    assert "stripe_payments" in [connector.title for connector in portal.connectors().items]


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda portal, id_: portal.connector(id_), id="read"),
        pytest.param(lambda portal, id_: portal.operations.sync(id_), id="sync"),
        pytest.param(lambda portal, id_: portal.operations.resume(id_), id="resume"),
        pytest.param(
            lambda portal, id_: portal.links.create(id_, public_url=PUBLIC_URL), id="invitation"
        ),
        pytest.param(
            lambda portal, id_: portal.cards.open(id_, public_url=PUBLIC_URL), id="open-card"
        ),
        pytest.param(lambda portal, id_: portal.cards.form(id_, public_url=PUBLIC_URL), id="card"),
    ],
)
def test_another_tenants_connector_does_not_exist(portal, sandbox, use):
    group = sandbox.world.add_group("Other")
    foreign = sandbox.world.add_connections(1, group_id=group.id)[0]
    foreign.paused = True
    before = foreign.life

    with pytest.raises(UnknownConnector):
        use(portal, foreign.id)

    assert foreign.paused
    assert foreign.life == before


def test_another_tenant_has_names_and_a_list_of_its_own(portal, sandbox, tenant_of):
    tenant = tenant_of(sandbox.world.add_group("Other").id)
    create(portal)

    connector = create(tenant)

    assert (connector.schema_name, schemas(tenant)) == ("sales", ["sales"])


def test_the_card_that_came_with_the_creation_is_used_once_and_then_a_new_one(remote, api):
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

    first, second = (remote.cards.open("one", public_url=PUBLIC_URL) for _ in range(2))

    assert first == "https://f.example/setup?auth=first"
    assert second == "https://f.example/setup?auth=second"
    sent = json.loads(new.calls[0].request.body)["connect_card_config"]["redirect_uri"]
    state = parse_qs(urlsplit(sent).query)["state"][0]
    assert remote.signer.read_state(state, "our_group").connector_id == "one"


def test_a_return_reads_the_connector_as_it_is_now(portal, sandbox):
    connector = create(portal)
    portal.connectors()
    state = portal.signer.state(portal.tenant.id, connector_id=connector.id)
    sandbox.world.pass_setup(connector.id)

    returned = portal.cards.returned(state)

    assert (returned.id, returned.status.setup_state) == (connector.id, "connected")


def test_a_return_from_the_first_card_is_identified_by_the_permanent_name(portal):
    connector = create(portal)
    state = portal.signer.state(portal.tenant.id, schema_name="sales")

    assert portal.cards.returned(state).id == connector.id


def test_a_state_is_accepted_once(portal):
    connector = create(portal)
    state = portal.signer.state(portal.tenant.id, connector_id=connector.id)

    assert portal.cards.returned(state).id == connector.id
    assert portal.cards.returned(state) is None


def test_a_state_that_is_forged_or_another_tenants_is_not_accepted(portal):
    connector = create(portal)

    assert portal.cards.returned("") is None
    assert portal.cards.returned("forged") is None
    assert portal.cards.returned(portal.signer.state("other", connector_id=connector.id)) is None
    assert portal.cards.returned(portal.signer.link(portal.tenant.id, connector.id)) is None


@pytest.mark.parametrize("about", [{"connector_id": "gone"}, {"schema_name": "gone"}], ids=str)
def test_a_return_from_a_connector_that_is_gone_raises_unknown_connector(portal, about: dict):
    with pytest.raises(UnknownConnector):
        portal.cards.returned(portal.signer.state(portal.tenant.id, **about))


def test_a_sync_shows_at_once(portal, sandbox):
    items = portal.connectors().items
    late = next(item for item in items if item.schema_name == "linkedin_ads_b2b")

    portal.operations.sync(late.id)

    assert portal.connector(late.id).status.sync_state == "syncing"


def test_a_resumed_connector_shows_at_once(portal):
    paused = next(item for item in portal.connectors().items if item.paused)

    portal.operations.resume(paused.id)

    assert portal.connector(paused.id).paused is False


def test_a_connector_created_elsewhere_a_moment_ago_is_found(remote, api, monkeypatch):
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


def test_a_wrong_key_is_not_reported_as_a_wrong_group(remote, api):
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
        pytest.param(
            lambda portal, id_: portal.cards.open(id_, public_url=PUBLIC_URL), id="open-card"
        ),
        pytest.param(
            lambda portal, id_: portal.links.create(id_, public_url=PUBLIC_URL), id="invitation"
        ),
    ],
)
def test_unknown_ids_cost_at_most_one_request_for_the_list(remote, api, monkeypatch, use):
    listed = api.get(CONNECTORS, json=items(MADE))
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    for number in range(30):
        with pytest.raises(UnknownConnector):
            use(remote, f"stranger_{number}")

    assert 1 <= len(listed.calls) <= 2


def test_for_unknown_ids_the_list_is_read_at_most_four_times_a_minute(remote, api, monkeypatch):
    listed = api.get(CONNECTORS, json=items())
    remote.connectors()
    clock = stopped(remote, monkeypatch)
    reads = []

    for later in (14, 16, 30, 32, 46, 48):
        clock[0] += later - (reads[-1][0] if reads else 0)
        for number in range(3):
            with pytest.raises(UnknownConnector):
                remote.connector(f"stranger_{number}")
        reads.append((later, len(listed.calls)))

    assert reads == [(14, 1), (16, 2), (30, 2), (32, 3), (46, 3), (48, 4)]


def test_for_unknown_ids_a_list_that_is_being_read_is_not_requested_once_more(
    remote, api, monkeypatch
):
    api.get(CONNECTORS, json=items())
    old = remote.connectors().fetched_at
    clock = stopped(remote, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    assert [remote._list._may_refetch(old) for _ in range(3)] == [True, False, False]


def test_an_id_that_our_own_database_has_as_deleted_costs_no_request(portal, monkeypatch):
    monkeypatch.setattr("pbf.rules.list_lifetime.MOVING_LIFETIME", 60.0)
    connector = create(portal)
    portal.operations.delete(connector.id)
    portal.connectors()
    clock = stopped(portal, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1
    monkeypatch.setattr(portal._list, "forget", lambda: pytest.fail("The list was dropped."))

    with pytest.raises(UnknownConnector):
        portal.connector(connector.id)


def test_an_id_longer_than_any_real_one_is_not_looked_up(remote, api):
    with pytest.raises(UnknownConnector):
        remote.connector("a" * 201)


def test_a_connector_is_found_though_unknown_ids_were_requested_before(remote, api, monkeypatch):
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
        pytest.param(lambda portal, id_: portal.operations.restore(id_), id="restore-not-deleted"),
    ],
)
def test_an_action_that_writes_nothing_does_not_drop_the_list(portal, sandbox, use):
    connector = create(portal)
    if "delete" in str(use.__code__.co_names):
        portal.operations.delete(connector.id)
    before = portal.connectors()

    for _ in range(3):
        use(portal, connector.id)

    assert portal.connectors().fetched_at == before.fetched_at


def test_a_deletion_and_its_undoing_are_shown_at_once(portal):
    connector = create(portal)

    portal.operations.delete(connector.id)
    is_hidden = connector.id not in ids(portal)
    portal.operations.restore(connector.id)

    assert is_hidden
    assert portal.connector(connector.id).id == connector.id


def test_cards_that_were_not_opened_are_not_kept_for_ever(portal, monkeypatch):
    monkeypatch.setattr("pbf.connectors.cards.connect_card.MOST_CARDS", 3)
    for number in range(5):
        create(portal, f"Sales {number}")
    kept = [card.uri for _, _, card in portal.cards._new.values()]
    now = datetime.now(UTC)
    monkeypatch.setattr("pbf.connectors.cards.connect_card._now", lambda: now + CARD_LIFETIME)
    create(portal, "Sales 5")

    assert len(kept) == 3
    assert len(portal.cards._new) == 1


def test_a_return_is_not_answered_from_an_older_list(remote, api):
    api.get(CONNECTORS, json=items(MADE))
    api.get(CONNECTORS, status=500, json={})
    api.get(f"{API}/v1/connections/one", status=500, json={})
    remote.connectors()
    state = remote.signer.state(remote.tenant.id, connector_id="one")

    with pytest.raises(ServerFailed):
        remote.cards.returned(state)


@pytest.mark.parametrize("about", ["connector_id", "schema_name"])
def test_a_return_is_answered_though_the_list_takes_long(slow, sandbox, about):
    portal = slow
    connector = create(portal)
    portal.connectors()
    content = (
        {"connector_id": connector.id} if about == "connector_id" else {"schema_name": "sales"}
    )
    sandbox.world.pass_setup(connector.id)
    portal.slow_down()

    returned = portal.cards.returned(portal.signer.state(portal.tenant.id, **content))

    assert portal.connectors().problem
    assert (returned.id, returned.title) == (connector.id, "Sales")
    assert returned.status.setup_state == "connected"


@pytest.mark.parametrize("about", [{"connector_id": "gone"}, {"schema_name": "gone"}], ids=str)
def test_a_return_from_an_unknown_connector_requests_none_of_other_groups(slow, sandbox, about):
    portal = slow
    portal.connectors()
    portal.slow_down()

    with pytest.raises((UnknownConnector, TimedOut)):
        portal.cards.returned(portal.signer.state(portal.tenant.id, **about))

    assert not [path for path in paths(sandbox) if path.endswith("/connections/gone")]


@pytest.mark.parametrize("group_id", ["another_group", ""])
def test_a_connector_of_another_group_is_not_shown_while_the_list_takes_long(remote, api, group_id):
    api.get(CONNECTORS, json=items(MADE))
    api.get(CONNECTORS, status=500, json={})
    alone = api.get(f"{API}/v1/connections/two", json={"data": {"id": "two", "group_id": group_id}})
    remote.connectors()
    connector = remote.connectors().items[0].model_copy(update={"id": "two"})
    type_name(remote._list._store, connector, "Another tenant's")
    remote._list.forget()

    with pytest.raises(UnknownConnector):
        remote.connector("two")

    assert len(alone.calls) == 1


def test_a_key_leads_to_its_connector_though_the_list_takes_long(slow):
    portal = slow
    portal.connectors()
    portal.slow_down()
    connector = create(portal, attempt="key")

    again = create(portal, attempt="key")

    assert (again.id, again.title) == (connector.id, "Sales")
    assert portal.connector(connector.id).id == connector.id


def test_a_deletion_and_its_undoing_are_shown_though_the_list_takes_long(slow):
    portal = slow
    connector = create(portal)
    before = portal.connectors()
    portal.slow_down()

    portal.operations.delete(connector.id)
    after, deleted = portal.connectors(), portal.deleted()
    portal.operations.restore(connector.id)

    assert connector.id not in {item.id for item in after.items}
    assert [item.id for item in deleted.items] == [connector.id]
    assert after.problem
    assert after.revision != before.revision
    assert portal.connector(connector.id).id == connector.id
    assert portal.connectors().revision == before.revision
    assert not portal.deleted().items


def test_a_restored_connector_is_shown_though_the_list_takes_long(slow):
    portal = slow
    connector = create(portal)
    portal.operations.delete(connector.id)
    portal.connectors()
    portal.slow_down()

    portal.operations.restore(connector.id)

    assert portal.connector(connector.id).id == connector.id


def test_a_connector_deleted_for_good_is_not_shown_though_the_list_takes_long(slow):
    portal = slow
    pending, shown = create(portal), create(portal, "Other")
    portal.operations.delete(pending.id)
    portal.connectors()
    portal.slow_down()

    for connector in (pending, shown):
        portal.operations.delete(connector.id, now=True)

    listed = {item.id for item in (*portal.connectors().items, *portal.deleted().items)}
    assert portal.connectors().problem
    assert not listed & {pending.id, shown.id}


def test_a_hidden_connector_stays_hidden_without_the_list_and_the_database(slow, monkeypatch):
    portal = slow
    connector = create(portal)
    portal.operations.delete(connector.id)
    portal.connectors()
    portal.slow_down()
    portal._list.forget()

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    for name in ("listed", "find"):
        monkeypatch.setattr(portal._list._store.deletions, name, fail)
    portal._list._marks = (0.0, {})  # as in a process that has just started

    assert [item.id for item in portal.deleted().items] == [connector.id]
    assert connector.id not in ids(portal)
    with pytest.raises(UnknownConnector):
        portal.connector(connector.id)


@pytest.mark.parametrize("has_read_marks", [True, False], ids=["own", "of-another-process"])
def test_marks_and_names_stay_while_the_store_cannot_be_read_and_that_list_is_not_shared(
    portal, monkeypatch, has_read_marks
):
    hidden, named = create(portal, "Hidden"), create(portal, "Typed Name")
    portal.connectors()
    portal.operations.delete(hidden.id)
    if not has_read_marks:
        portal.connectors()
        portal._list._marks = (0.0, {})
    portal._list.forget()

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    with monkeypatch.context() as patch:
        patch.setattr(portal._list._store.deletions, "listed", fail)
        patch.setattr(portal._list._store, "names", fail)
        shown, deleted = portal.connectors(), portal.deleted()

    assert not shown.problem
    assert not shown.shared
    assert [item.id for item in deleted.items] == [hidden.id]
    assert {item.id: item.title for item in shown.items}[named.id] == "Typed Name"
    portal._list.forget()
    assert portal.connectors().shared


def test_a_connector_that_was_restored_is_shown_while_the_store_cannot_be_read(portal, monkeypatch):
    connector = create(portal)
    portal.operations.delete(connector.id)
    portal.connectors()
    portal.operations.restore(connector.id)

    def fail(*_):
        raise StoreFailed("Our own database cannot be read or written right now.")

    monkeypatch.setattr(portal._list._store.deletions, "listed", fail)

    assert connector.id in ids(portal)


def test_a_connector_that_another_process_has_restored_is_found(portal, monkeypatch):
    connector = create(portal)
    portal.operations.delete(connector.id)
    assert [item.id for item in portal.deleted().items] == [connector.id]
    portal._list._store.deletions.remove(
        portal._list._store.deletions.listed(portal.tenant.group_id)[0]
    )
    clock = stopped(portal, monkeypatch)
    clock[0] += UNKNOWN_LIFETIME + 1

    assert portal.connector(connector.id).id == connector.id
