"""The client against the sandbox over real HTTP: both must agree on every call."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from pbf.errors import (
    Conflict,
    ConnectionFailed,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthorized,
)
from pbf.fivetran import naming_fields
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.fivetran.naming_fields import KIND_BY_SERVICE
from pbf.sandbox.catalogue.services import TABLE_OPTIONAL
from pbf.sandbox.server import SandboxServer


@pytest.fixture
def client(sandbox: SandboxServer) -> Iterator[ApiClient]:
    opened = open_client(sandbox)
    yield opened
    opened.close()


def open_client(sandbox: SandboxServer, secret: str | None = None) -> ApiClient:
    world = sandbox.world
    return ApiClient(Request(sandbox.url, world.api_key, secret or world.api_secret, timeout=20))


def seeded(client: ApiClient, schema: str):
    return next(client.get_list_of_connectors_in_group("sandy_harbour", schema=schema))


def test_the_account_the_group_and_the_destination(client: ApiClient):
    account, group = client.get_account(), client.get_group("sandy_harbour")
    destination = client.get_destination("sandy_harbour")

    assert (account.account_id, account.account_name) == ("candid_lagoon", "Sandbox")
    assert (group.id, group.name) == ("sandy_harbour", "Sandbox_Warehouse")
    assert (destination.id, destination.setup_status.lower()) == ("sandy_harbour", "connected")


def test_the_catalogue(client: ApiClient):
    services = list(client.get_metadata())

    assert len({service.id for service in services}) == 773
    assert all(service.name and service.type and service.icon_url for service in services)
    assert any(service.supported_features for service in services)


def test_an_icon_of_the_catalogue_can_be_fetched(client: ApiClient):
    service = client.get_service("stripe")

    answer = requests.get(service.icon_url, timeout=20)

    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (
        200,
        "image/svg+xml",
    )


@pytest.mark.parametrize(
    ("service", "required"),
    [
        ("stripe", {"schema"}),
        ("google_sheets", {"schema", "table"}),
        ("postgres", {"schema_prefix"}),
        ("s3", {"schema", "table_group_name"}),
    ],
)
def test_a_service_lists_its_naming_fields(client: ApiClient, service: str, required: set):
    assert set(client.get_service(service).required) == required


def test_the_initial_connectors_are_parsed_with_their_states(client: ApiClient):
    connectors = list(client.get_list_of_connectors_in_group("sandy_harbour"))

    states = {connector.status.setup_state for connector in connectors}
    assert len(connectors) == 12
    assert states == {"connected", "incomplete", "broken"}
    assert all(connector.created_at for connector in connectors)
    assert any(connector.status.rescheduled_for for connector in connectors)


def test_a_list_of_many_pages_is_complete(client: ApiClient, sandbox: SandboxServer):
    sandbox.world.add_connections(2500)

    connectors = list(client.get_list_of_connectors_in_group("sandy_harbour"))

    assert len({connector.id for connector in connectors}) == 2512
    assert client.latest.rate_limit.remaining == client.latest.rate_limit.limit - 3


@pytest.mark.parametrize(
    ("service", "schema"),
    [
        pytest.param("stripe", "sales", id="schema"),
        pytest.param("google_sheets", "sales.sales", id="schema-table"),
        pytest.param("postgres", "sales", id="schema-prefix"),
        pytest.param("s3", "sales.sales", id="schema-table-group"),
    ],
)
def test_a_connector_of_each_kind_is_created_with_its_card(
    client: ApiClient, service: str, schema: str
):
    connector = client.create_connector(
        service, "sandy_harbour", "sales", redirect_uri="https://a.example/back?state=s"
    )

    again = client.get_connector(connector.id)
    assert (again.service, again.schema_name, again.group_id) == (service, schema, "sandy_harbour")
    assert again.status.setup_state == "incomplete"
    assert again.connect_card is None
    assert "auth" in parse_qs(urlsplit(connector.connect_card.uri).query)
    assert requests.get(connector.connect_card.uri, timeout=20).status_code == 200


def test_the_kinds_of_naming_agree_with_the_metadata(client: ApiClient):
    required = {service: set(client.get_service(service).required) for service in KIND_BY_SERVICE}

    for service, names in required.items():
        # Fivetran's definition requires the table of these; its metadata does not.
        optional = {"table"} if service in TABLE_OPTIONAL else set()
        assert names == set(naming_fields.fields(service)) - optional


def test_a_connector_is_listed_by_its_permanent_name(client: ApiClient):
    client.create_connector("google_sheets", "sandy_harbour", "sales")

    connectors = list(client.get_list_of_connectors_in_group("sandy_harbour", schema="sales.sales"))

    assert [connector.schema_name for connector in connectors] == ["sales.sales"]
    assert not list(client.get_list_of_connectors_in_group("sandy_harbour", schema="sales"))


def test_a_name_that_is_taken_is_refused(client: ApiClient):
    client.create_connector("stripe", "sandy_harbour", "sales")

    with pytest.raises(InvalidRequest, match="already exists"):
        client.create_connector("hubspot", "sandy_harbour", "sales")


def test_a_connector_is_paused_and_resumed(client: ApiClient):
    connector = seeded(client, "stripe_payments")

    assert client.update_connector(connector.id, paused=True).paused is True
    assert client.get_connector(connector.id).status.sync_state == "paused"
    assert client.update_connector(connector.id, paused=False).paused is False


def test_a_sync_starts_and_a_running_one_continues(client: ApiClient):
    connector = seeded(client, "linkedin_ads_b2b")

    client.sync_connector(connector.id)
    client.sync_connector(connector.id)

    assert client.get_connector(connector.id).status.sync_state == "syncing"


def test_a_sync_of_an_unfinished_or_paused_connector_is_refused(client: ApiClient):
    unfinished, paused = seeded(client, "facebook_ads_dach"), seeded(client, "jira_projects")

    with pytest.raises(InvalidRequest, match="setup state"):
        client.sync_connector(unfinished.id)
    with pytest.raises(Conflict):
        client.sync_connector(paused.id)


def test_a_broken_connector_is_reconnected_on_a_new_card(client: ApiClient, sandbox: SandboxServer):
    connector = seeded(client, "stripe_payments")
    sandbox.world.break_connection(connector.id)
    broken = client.get_connector(connector.id)
    assert broken.status.setup_state == "broken"
    assert [task.code for task in broken.status.tasks] == ["reconnect"]

    card = client.get_connect_card_url_for_connector(
        connector.id, redirect_uri="https://a.example/back"
    )
    assert requests.get(card.uri, timeout=20).status_code == 200
    sandbox.world.pass_setup(connector.id)

    repaired = client.get_connector(connector.id)
    assert (repaired.status.setup_state, repaired.status.sync_state) == ("connected", "syncing")
    assert repaired.status.tasks == ()


def test_a_first_sync_ends_as_the_clock_advances(client: ApiClient, sandbox: SandboxServer):
    connector = client.create_connector("stripe", "sandy_harbour", "sales")
    sandbox.world.pass_setup(connector.id)
    assert client.get_connector(connector.id).succeeded_at is None

    sandbox.world.advance(120)

    synced = client.get_connector(connector.id)
    assert synced.succeeded_at is not None
    assert synced.status.sync_state == "scheduled"


def test_a_wrong_secret_is_refused_everywhere(sandbox: SandboxServer):
    client = open_client(sandbox, secret="wrong")

    for call in (
        client.get_account,
        lambda: next(client.get_metadata()),
        lambda: next(client.get_list_of_connectors_in_group("sandy_harbour")),
        lambda: client.create_connector("stripe", "sandy_harbour", "sales", required=("schema",)),
    ):
        with pytest.raises(Unauthorized, match="Invalid authorization credentials"):
            call()
    client.close()


def test_missing_objects_raise_not_found(client: ApiClient):
    for call in (
        lambda: client.get_group("nonesuch"),
        lambda: client.get_destination("nonesuch"),
        lambda: client.get_service("nonesuch"),
        lambda: client.get_connector("nonesuch"),
        lambda: next(client.get_list_of_connectors_in_group("nonesuch")),
        lambda: client.sync_connector("nonesuch"),
        lambda: client.update_connector("nonesuch", paused=True),
        lambda: client.get_connect_card_url_for_connector("nonesuch", redirect_uri="https://a.b"),
    ):
        with pytest.raises(NotFound):
            call()


@pytest.mark.parametrize("hostile", ["../groups", "a/b", "a?b", "%2e%2e", "..", "a#b", "ä ö"])
def test_an_id_stays_one_path_segment(client: ApiClient, hostile: str):
    with pytest.raises(NotFound):
        client.get_connector(hostile)


def test_a_wrong_group_is_refused_at_creation(client: ApiClient):
    with pytest.raises(NotFound):
        client.create_connector("stripe", "nonesuch", "sales")


def test_an_exhausted_rate_limit_says_how_long_to_wait(client: ApiClient, sandbox: SandboxServer):
    sandbox.world.limits.hourly = 2
    client.get_account()
    client.get_account()

    with pytest.raises(RateLimited) as caught:
        client.get_account()

    assert 3590 <= caught.value.retry_after <= 3600
    assert (client.latest.rate_limit.limit, client.latest.rate_limit.remaining) == (2, 0)


def test_a_stopped_sandbox_cannot_be_reached(sandbox: SandboxServer, client: ApiClient):
    client.get_account()
    sandbox.stop()

    with pytest.raises(ConnectionFailed):
        client.get_account()
