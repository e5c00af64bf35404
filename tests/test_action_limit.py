"""How often the routes may do what costs requests to Fivetran, and who counts as one client."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf.action_limit import ACTIONS, EXTENSION
from pbf.config import Settings, load_settings
from pbf.errors import ConfigurationError
from pbf.proxy import create_app
from pbf.runtime import Runtime


def routes(house: Runtime, **settings: object) -> FlaskClient:
    changed = replace(house, settings=replace(house.settings, **settings))
    return create_app(lambda: changed).test_client()


def form(client: FlaskClient, house: Runtime, *, sender: str = "192.0.2.1", passed_on: str = ""):
    connector = house.portal.connectors().items[0]
    return client.get(
        f"/_/connectors/{connector.id}/form",
        environ_base={"REMOTE_ADDR": sender},
        headers={"X-Forwarded-For": passed_on} if passed_on else {},
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_/connectors/x/form"),
        ("GET", "/_/go/x"),
        ("GET", "/_/return?state=x"),
        ("GET", "/_/invite/x"),
        ("GET", "/_/invited?state=x"),
        ("PATCH", "/_/connectors/x"),
        ("POST", "/_/connectors"),
        ("POST", "/_/connectors/x/sync"),
        ("POST", "/_/connectors/x/resync"),
        ("POST", "/_/connectors/x/test"),
        ("DELETE", "/_/connectors/x"),
        ("POST", "/_/connectors/x/restore"),
    ],
)
def test_whatever_costs_requests_to_fivetran_has_a_limit(house: Runtime, method: str, path: str):
    client = routes(house, action_limit="2 per hour")

    answers = [client.open(path, method=method) for _ in range(3)]

    assert [answer.status_code == 429 for answer in answers] == [False, False, True]
    assert answers[-1].json["error"]["code"] == "too_many"
    assert 3500 < int(answers[-1].headers["Retry-After"]) <= 3601


def test_every_route_that_changes_something_has_a_limit(house: Runtime):
    app = create_app(lambda: house)

    changing = {rule.endpoint for rule in app.url_map.iter_rules() if rule.methods - READING}

    assert changing <= ACTIONS


READING = {"GET", "HEAD", "OPTIONS"}


def test_looking_is_not_limited(house: Runtime):
    client = routes(house, action_limit="1 per hour", total_action_limit="1 per hour")
    connector = house.portal.connectors().items[0]

    paths = ("/_/connectors", "/_/services", "/_/deletions", f"/_/connectors/{connector.id}")

    assert {client.get(path).status_code for path in paths * 3} == {200}


def test_a_client_is_told_apart_from_others_and_all_together_are_limited(house: Runtime):
    client = routes(house, action_limit="1 per hour", total_action_limit="2 per hour")

    senders = ("192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.3")
    answers = [form(client, house, sender=sender).status_code for sender in senders]

    # What the first is refused is not counted for the others.
    assert answers == [200, 429, 429, 200, 429]


def test_the_addresses_of_one_ipv6_network_are_one_client(house: Runtime):
    client = routes(house, action_limit="1 per hour")

    senders = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    answers = [form(client, house, sender=sender).status_code for sender in senders]

    assert answers == [200, 429, 200]


@pytest.mark.parametrize(
    ("proxies", "passed_on", "answers"),
    [
        pytest.param(0, ("1.1.1.1", "2.2.2.2"), [200, 429], id="no-proxy-is-trusted"),
        pytest.param(1, ("1.1.1.1", "2.2.2.2"), [200, 200], id="a-proxy-tells-the-sender"),
        pytest.param(1, ("1.1.1.1, 3.3.3.3", "2.2.2.2, 3.3.3.3"), [200, 429], id="made-up-before"),
        pytest.param(2, ("1.1.1.1, 3.3.3.3", "2.2.2.2, 3.3.3.3"), [200, 200], id="two-proxies"),
        pytest.param(2, ("1.1.1.1", "2.2.2.2"), [200, 429], id="not-through-both"),
        pytest.param(1, ("one", "other"), [200, 429], id="not-an-address"),
    ],
)
def test_x_forwarded_for_counts_as_far_as_proxies_are_trusted(
    house: Runtime, proxies: int, passed_on: tuple[str, str], answers: list[int]
):
    client = routes(house, action_limit="1 per hour", trusted_proxies=proxies)

    assert [form(client, house, passed_on=each).status_code for each in passed_on] == answers


def test_a_replay_counts_for_nothing(house: Runtime):
    client = routes(house, action_limit="2 per hour", create_limit="2 per hour")
    wish = {"service": "google_sheets", "name": "Budget"}

    def create(key: str, **wanted: str):
        headers = {"Idempotency-Key": key}
        return client.post("/_/connectors", json={**wish, **wanted}, headers=headers).status_code

    replayed = [create("one") for _ in range(6)]
    others = [create("two", name="Other"), create("three", name="Third")]

    assert replayed == [200] * 6
    assert others == [200, 429]


def test_a_key_whose_connector_is_gone_counts_again(house: Runtime):
    client = routes(house, create_limit="1 per hour")
    headers, wish = {"Idempotency-Key": "one"}, {"service": "google_sheets", "name": "Budget"}
    made = client.post("/_/connectors", json=wish, headers=headers).json["id"]
    client.delete(f"/_/connectors/{made}?now=true")

    again = client.post("/_/connectors", json=wish, headers=headers)

    assert again.status_code == 429


def test_who_is_refused_for_all_is_not_remembered(house: Runtime):
    client = routes(house, total_action_limit="3 per hour")

    for number in range(20):
        form(client, house, sender=f"192.0.2.{number}")

    kept = client.application.extensions[EXTENSION].storage
    assert sum(len(hits) for hits in kept.events.values()) == 6


@pytest.mark.parametrize("name", ["PBF_ACTION_LIMIT", "PBF_TOTAL_ACTION_LIMIT"])
def test_the_limits_are_read_from_the_settings(name: str):
    field = name.removeprefix("PBF_").lower()

    assert getattr(load_settings({name: "5 per minute"}), field) == "5 per minute"
    assert getattr(load_settings({name: "off"}), field) == ""
    assert getattr(Settings(), field)
    with pytest.raises(ConfigurationError, match=name):
        load_settings({name: "many"})


def test_the_number_of_proxies_is_read_from_the_settings():
    assert load_settings({}).trusted_proxies == 0
    assert load_settings({"PBF_TRUSTED_PROXIES": "2"}).trusted_proxies == 2
    for text in ("-1", "10", "one", "²"):
        with pytest.raises(ConfigurationError, match="PBF_TRUSTED_PROXIES"):
            load_settings({"PBF_TRUSTED_PROXIES": text})
