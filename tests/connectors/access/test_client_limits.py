"""How many requests to Fivetran one client may cause, and who counts as one client."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings, load_settings
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.access.client_address import Client
from pbf.connectors.access.client_limits import ClientLimits
from pbf.connectors.access.limiter import Limiter
from pbf.errors import ConfigurationError, TooManyRequests
from pbf.runtime import Runtime
from tests.support.accounts import routes
from tests.support.redis_server import redis_server

Start = Callable[..., Runtime]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start the product on the sandbox with changed settings, any number of times."""
    started = []

    def start(**changed: object) -> Runtime:
        started.append(runtimes.start(replace(settings, **changed)))
        return started[-1]

    yield start
    for runtime in started:
        runtime.close()


def form(
    client: FlaskClient, runtime: Runtime, *, sender: str = "192.0.2.1", forwarded_for: str = ""
):
    connector = runtime.portal.connectors().items[0]
    return client.get(
        f"/_/connectors/{connector.id}/form",
        environ_base={"REMOTE_ADDR": sender},
        headers={"X-Forwarded-For": forwarded_for} if forwarded_for else {},
    )


def create(client: FlaskClient, name: str, *, sender: str = "127.0.0.1", key: str = ""):
    return client.post(
        "/_/connectors",
        json={"service": "google_sheets", "name": name},
        environ_base={"REMOTE_ADDR": sender},
        headers={"Idempotency-Key": key} if key else {},
    )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/form", None),
        ("PATCH", "", {"sync_frequency": 60}),
        ("PATCH", "", {"paused": False}),
        ("POST", "/sync", {}),
        ("POST", "/resync", {}),
        ("POST", "/test", {}),
        ("DELETE", "", None),
    ],
)
def test_every_route_that_costs_requests_to_fivetran_has_a_limit(start: Start, method, path, body):
    runtime = start(action_limit="12 per hour")
    client, ids = routes(runtime), [connector.id for connector in runtime.portal.connectors().items]

    answers = []
    for number in range(20):
        url = f"/_/connectors/{ids[number % len(ids)]}{path}"
        answers.append(client.open(url, method=method, json=body))

    assert answers[0].status_code != 429
    assert answers[-1].json["error"]["code"] == "too_many"
    assert answers[-1].json["error"]["message"] == (
        "Too many requests from your network. Try again in 60 minutes."
    )
    assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3601


def test_reading_lists_is_not_limited(start: Start):
    runtime = start(action_limit="1 per hour", total_action_limit="1 per hour")
    client, connector = routes(runtime), runtime.portal.connectors().items[0]

    paths = ("/_/connectors", "/_/services", "/_/deletions", f"/_/connectors/{connector.id}")

    assert {client.get(path).status_code for path in paths * 3} == {200}


def test_actions_on_pages_are_limited_like_the_routes(start: Start, caller: None):
    runtime = start(action_limit="3 per hour")
    connector = runtime.portal.connectors().items[0]

    for _ in range(3):
        runtime.portal.operations.schemas(connector.id)

    with pytest.raises(TooManyRequests, match="Try again in 60 minutes"):
        runtime.portal.operations.schemas(connector.id)


def test_background_work_counts_in_the_common_limit_only(start: Start):
    runtime = start(action_limit="1 per hour", total_action_limit="3 per hour")
    connector = runtime.portal.connectors().items[0]

    for _ in range(3):
        runtime.portal.operations.schemas(connector.id)

    with pytest.raises(TooManyRequests, match=r"^Too many requests from all users together\."):
        runtime.portal.operations.schemas(connector.id)


def test_a_refused_action_sends_nothing(start: Start, caller: None):
    runtime = start(action_limit="1 per hour")
    connector = next(item for item in runtime.portal.connectors().items if not item.paused)
    runtime.portal.operations.schemas(connector.id)

    with pytest.raises(TooManyRequests):
        runtime.portal.operations.pause(connector.id)

    assert not runtime.client.get_connector(connector.id).paused


def test_each_client_has_a_limit_and_all_together_have_one(start: Start):
    runtime = start(action_limit="1 per hour", total_action_limit="2 per hour")
    client = routes(runtime)

    senders = ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    answers = [form(client, runtime, sender=sender).status_code for sender in senders]

    # Refused requests of the first client do not count for the others.
    assert answers == [200, 429, 429, 200, 429]


def test_the_addresses_of_one_ipv6_network_are_one_client(start: Start):
    runtime = start(action_limit="1 per hour")
    client = routes(runtime)

    senders = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    answers = [form(client, runtime, sender=sender).status_code for sender in senders]

    assert answers == [200, 429, 200]


@pytest.mark.parametrize(
    ("proxies", "forwarded_for", "answers"),
    [
        pytest.param(0, ("1.1.1.1", "2.2.2.2"), [200, 429], id="no-proxy-is-trusted"),
        pytest.param(1, ("1.1.1.1", "2.2.2.2"), [200, 200], id="a-proxy-names-the-sender"),
        pytest.param(1, ("1.1.1.1, 3.3.3.3", "2.2.2.2, 3.3.3.3"), [200, 429], id="forged-before"),
        pytest.param(2, ("1.1.1.1, 3.3.3.3", "2.2.2.2, 3.3.3.3"), [200, 200], id="two-proxies"),
        pytest.param(2, ("1.1.1.1", "2.2.2.2"), [200, 429], id="not-through-both"),
        pytest.param(1, ("one", "other"), [200, 429], id="not-an-address"),
    ],
)
def test_x_forwarded_for_counts_as_far_as_proxies_are_trusted(
    start: Start, proxies: int, forwarded_for: tuple[str, str], answers: list[int]
):
    runtime = start(action_limit="1 per hour", trusted_proxies=proxies)
    client = routes(runtime)

    assert [
        form(client, runtime, forwarded_for=header).status_code for header in forwarded_for
    ] == answers


def test_a_client_refused_by_the_common_limit_takes_no_memory():
    limits = ClientLimits(
        Limiter(), requests="600 per hour", all_requests="3 per hour", creations=""
    )

    for number in range(20):
        before = CALLER.set(Caller("page", client=Client(f"192.0.2.{number}")))
        try:
            limits.admit_request()
        except TooManyRequests:
            pass
        finally:
            CALLER.reset(before)

    kept = limits._limiter._memory.storage.events
    assert sum(len(hits) for hits in kept.values()) == 6


def test_too_many_creations_are_refused_with_a_retry_after(start: Start):
    client = routes(start(create_limit="2 per hour"))

    created = [create(client, name).status_code for name in ("one", "two")]
    refused = create(client, "three")

    assert created == [200, 200]
    assert (refused.status_code, refused.json["error"]["code"]) == (429, "too_many")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3601
    assert refused.json["error"]["message"] == (
        "Too many new connectors from your network. Try again in 60 minutes."
    )
    assert create(client, "four", sender="127.0.0.2").status_code == 200
    names = {connector["display_name"] for connector in client.get("/_/connectors").json}
    assert names >= {"one", "four"}
    assert "three" not in names


def test_names_that_are_refused_do_not_count_as_creations(start: Start):
    client = routes(start(create_limit="1 per hour"))

    refused = {create(client, name).status_code for name in ("!!", "a\nb", "x" * 101)}

    assert refused == {400}
    assert create(client, "three").status_code == 200


def test_creations_on_pages_are_limited_too(start: Start, caller: None):
    portal = start(create_limit="1 per hour").portal
    portal.create("google_sheets", "one", public_url="http://127.0.0.1")

    with pytest.raises(TooManyRequests, match="new connectors"):
        portal.create("google_sheets", "two", public_url="http://127.0.0.1")


def test_an_empty_limit_is_no_limit(start: Start):
    client = routes(start(create_limit="", action_limit="", total_action_limit=""))

    assert {create(client, f"number {number}").status_code for number in range(4)} == {200}


def test_a_replayed_creation_is_not_counted(start: Start):
    client = routes(start(create_limit="2 per hour"))

    replayed = [create(client, "Budget", key="one").status_code for _ in range(6)]
    others = [create(client, name, key=name).status_code for name in ("two", "three")]

    assert replayed == [200] * 6
    assert others == [200, 429]


def test_a_key_whose_connector_is_gone_is_counted_again(start: Start):
    client = routes(start(create_limit="1 per hour"))
    connector_id = create(client, "Budget", key="one").json["id"]
    client.delete(f"/_/connectors/{connector_id}?now=true")

    again = create(client, "Budget", key="one")

    assert again.status_code == 429


def test_a_refused_card_leads_back_with_a_note(start: Start):
    runtime = start(action_limit="1 per hour")
    client, portal = routes(runtime), runtime.portal
    link = portal.signer.link(portal.tenant.id, portal.connectors().items[0].id)
    form(client, runtime, sender="127.0.0.1")

    answer = client.get(f"/_/go/{link}")

    assert answer.location.endswith("/connectors?note=too-many")


def test_processes_that_share_redis_count_together(tmp_path: Path, caller: None):
    def limits() -> ClientLimits:
        return ClientLimits(
            Limiter(redis_url=url), requests="", all_requests="1 per hour", creations=""
        )

    with redis_server(tmp_path) as url:
        first, second = limits(), limits()
        first.admit_request()
        with pytest.raises(TooManyRequests):
            second.admit_request()

    second.admit_request()  # by itself, without Redis
    with pytest.raises(TooManyRequests):
        second.admit_request()


@pytest.mark.parametrize("name", ["PBF_ACTION_LIMIT", "PBF_TOTAL_ACTION_LIMIT", "PBF_CREATE_LIMIT"])
def test_the_limits_are_read_from_the_settings(name: str):
    field = name.removeprefix("PBF_").lower()

    assert getattr(load_settings({name: "5 per minute"}), field) == "5 per minute"
    assert getattr(load_settings({name: "100 per day"}), field) == "100 per day"
    assert getattr(load_settings({name: "off"}), field) == ""
    assert getattr(Settings(), field)


@pytest.mark.parametrize("name", ["PBF_ACTION_LIMIT", "PBF_TOTAL_ACTION_LIMIT", "PBF_CREATE_LIMIT"])
@pytest.mark.parametrize("text", ["many", "0 per hour", "5", "5 per second or so"])
def test_a_setting_that_is_no_limit_is_refused(name: str, text: str):
    with pytest.raises(ConfigurationError, match=name):
        load_settings({name: text})


def test_the_number_of_proxies_is_read_from_the_settings():
    assert load_settings({}).trusted_proxies == 0
    assert load_settings({"PBF_TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    for text in ("-1", "10", "one", "²"):
        with pytest.raises(ConfigurationError, match="PBF_TRUSTED_PROXIES"):
            load_settings({"PBF_TRUSTED_PROXIES": text})
