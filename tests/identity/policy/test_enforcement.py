"""A policy is enforced on pages and routes alike."""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as some

from pbf.connectors import catalogue
from pbf.connectors.access.caller import CALLER, Caller
from pbf.connectors.access.client_address import Client
from pbf.errors import (
    ApiError,
    InputError,
    LimitReached,
    NotAllowed,
    TooManyRequests,
    UnknownService,
)
from pbf.fivetran.models import Schedule, Service
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.rules.access.policy import ServiceRule, category_names, name_key, stage_names
from pbf.sandbox.server import SandboxServer
from pbf.ui import data
from tests.support.accounts import routes
from tests.support.draws import cases

PUBLIC_URL = "http://localhost"
WORD = re.compile(r'"([a-z0-9_]+)"')
SOME = "{services: {categories: [Marketing], include: [stripe], exclude: [google_ads]}}"


def post(client: FlaskClient, service: str, name: str, key: str = ""):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/_/connectors", json={"service": service, "name": name}, headers=headers)


def test_the_list_has_the_allowed_services_only(under):
    runtime = under(SOME)

    ids = {service["id"]: service for service in routes(runtime).get("/_/services").json}

    types = {service["type"] for name, service in ids.items() if name != "stripe"}
    assert types == {"Marketing"}
    assert "stripe" in ids
    assert "google_ads" not in ids
    assert len(runtime.portal.catalogue().items) == 773


def test_a_hidden_service_is_unknown_to_whoever_creates_or_asks_for_it(under):
    runtime = under(SOME)

    refused = post(routes(runtime), "google_ads", "Ads")

    assert (refused.status_code, refused.json["error"]["code"]) == (404, "unknown_service")
    assert (
        post(routes(runtime), "nonesuch", "Ads").json["error"]["message"]
        == (refused.json["error"]["message"])
    )
    with pytest.raises(UnknownService):
        runtime.portal.service("google_ads")


def test_a_connector_of_a_hidden_service_stays_visible_and_manageable(under):
    runtime = under("{services: {exclude: [stripe]}}")
    client = routes(runtime)
    connector = next(item for item in runtime.portal.connectors().items if item.service == "stripe")

    changed = client.patch(f"/_/connectors/{connector.id}", json={"paused": True})

    assert changed.json["paused"] is True
    names = {row["id"]: (row["service_name"], row["icon"]) for row in data.rows()[0]}
    assert names[connector.id][0] == "Stripe"
    assert names[connector.id][1]


def test_lists_and_pages_change_with_the_policy(under):
    before, cards_before = under("{}"), data.gallery()
    etag = routes(before).get("/_/services").headers["ETag"]

    after = routes(under(SOME)).get("/_/services", headers={"If-None-Match": etag})

    assert after.status_code == 200
    assert data.gallery() != cards_before


CATALOGUE = [
    Service(id=f"{kind}_{stage}_{number}".lower(), type=kind, service_status=stage)
    for kind in ("Marketing", "HumanResources", "API", "")
    for stage in ("", "general_availability", "beta", "sunset", "new_stage")
    for number in range(2)
]
IDS = some.frozensets(some.sampled_from([service.id for service in CATALOGUE]), max_size=8)
NAMES = {
    "categories": [name_key(name) for item in CATALOGUE for name in category_names(item.type)],
    "stages": [name_key(name) for item in CATALOGUE for name in stage_names(item.service_status)],
}
RULES = some.builds(
    ServiceRule,
    categories=some.none() | some.frozensets(some.sampled_from(NAMES["categories"])),
    stages=some.none() | some.frozensets(some.sampled_from(NAMES["stages"])),
    include=IDS,
    exclude=IDS,
)


@cases(400)
@given(rule=RULES, hidden=IDS)
def test_to_exclude_more_never_allows_more(rule: ServiceRule, hidden: frozenset[str]):
    narrower = ServiceRule(rule.categories, rule.stages, rule.include, rule.exclude | hidden)

    allowed = {service.id for service in CATALOGUE if rule.decide(service).allowed}
    fewer = {service.id for service in CATALOGUE if narrower.decide(service).allowed}

    assert fewer == allowed - hidden
    assert not allowed & rule.exclude
    assert rule.include - rule.exclude <= allowed


def test_a_hidden_service_appears_in_no_list_and_not_in_the_gallery(under, policy_path: Path):
    runtime = under("{}")
    app = create_app(lambda: runtime)
    client = app.test_client()
    ids = {service.id for service in runtime.portal.catalogue().items}
    own = {connector.service for connector in runtime.portal.connectors().items}
    paths = [
        rule.rule
        for rule in app.url_map.iter_rules()
        # The examples of the OpenAPI document are the same for everybody.
        if "GET" in (rule.methods or ()) and not re.search("<|openapi|docs", rule.rule)
    ]

    @cases(10)
    @given(hidden=some.sets(some.sampled_from(sorted(ids - own)), min_size=1, max_size=60))
    def check(hidden: set[str]) -> None:
        excluded = json.dumps(sorted(hidden))
        policy = f"version: 1\ntenants: {{acme: {{services: {{exclude: {excluded}}}}}}}\n"
        policy_path.write_text(policy, encoding="utf-8")
        runtime.identity.tenants.refresh()
        words = {path: set(WORD.findall(client.get(path).text)) for path in paths}
        cards = gzip.decompress(data.gallery()[0]).decode()
        assert {path: hidden & words[path] for path in paths if hidden & words[path]} == {}
        assert hidden.isdisjoint(WORD.findall(cards))
        assert words["/_/services"] >= ids - hidden
        for service_id in hidden:
            with pytest.raises(UnknownService):
                runtime.portal.service(service_id)

    check()


def test_names_follow_the_pattern_and_a_free_name_does_too(under):
    portal = under('{naming: {pattern: "{tenant}_{name}", max_length: 20}}').portal

    first = portal.create("stripe", "Sales Forecast 2027", public_url=PUBLIC_URL)
    taken = portal.permanent_name("stripe", "Sales Forecast 2027")

    assert first.schema_name == "acme_sales_forecast"
    assert taken.free == "acme_sales_forecas_2"
    assert portal.permanent_name("stripe", taken.free).name == taken.free
    again = portal.create("stripe", taken.free, public_url=PUBLIC_URL)
    assert again.schema_name == taken.free


def test_new_connectors_begin_with_the_defaults(under, sandbox: SandboxServer):
    portal = under(
        "{defaults: {sync_frequency: 1440, daily_sync_time: '06:00', paused: true, "
        "data_delay_sensitivity: LOW}}"
    ).portal

    made = portal.create("stripe", "Sales", public_url=PUBLIC_URL)

    connection = sandbox.world.connections[made.id]
    assert (made.paused, made.sync_frequency, made.daily_sync_time) == (True, 1440, "06:00")
    assert connection.settings["data_delay_sensitivity"] == "LOW"


def test_a_new_connector_syncs_no_more_often_than_is_allowed(under):
    portal = under("{limits: {min_sync_frequency: 720}}").portal

    assert portal.create("stripe", "Sales", public_url=PUBLIC_URL).sync_frequency == 720


def test_at_the_limit_no_connector_is_created(under, sandbox: SandboxServer):
    number = len(sandbox.world.connections)
    client = routes(under(f"{{limits: {{connectors: {number + 1}}}}}"))

    first = post(client, "stripe", "One", key="one")
    refused = post(client, "stripe", "Two", key="two")

    assert first.status_code == 200
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "limit_reached")
    assert f"limited to {number + 1}," in refused.json["error"]["message"]
    assert post(client, "stripe", "One", key="one").json["id"] == first.json["id"]
    assert len(sandbox.world.connections) == number + 1


def test_after_a_refusal_the_same_attempt_works_once_there_is_room(under, sandbox):
    runtime = under(f"{{limits: {{connectors: {len(sandbox.world.connections)}}}}}")
    with pytest.raises(LimitReached):
        runtime.portal.create("stripe", "One", public_url=PUBLIC_URL, attempt="one")
    oldest = runtime.portal.connectors().items[0]

    runtime.portal.operations.delete(oldest.id)
    with pytest.raises(LimitReached):  # it can still be restored
        runtime.portal.create("stripe", "One", public_url=PUBLIC_URL, attempt="one")
    runtime.portal.operations.delete(oldest.id, now=True)

    assert runtime.portal.create("stripe", "One", public_url=PUBLIC_URL, attempt="one").id


def test_many_at_once_do_not_exceed_the_limit(under, sandbox: SandboxServer):
    number = len(sandbox.world.connections)
    portal = under(f"{{limits: {{connectors: {number + 2}}}}}").portal

    def create(name: str) -> bool:
        try:
            portal.create("stripe", name, public_url=PUBLIC_URL)
        except LimitReached:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        created = sum(pool.map(create, map(str, range(8))))

    assert len(sandbox.world.connections) == number + created <= number + 2


def test_if_the_connectors_cannot_be_counted_a_later_attempt_is_not_blocked(
    under, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
):
    portal = under("{limits: {connectors: 100}}").portal
    portal.connectors()
    names = portal._list.schema_names
    monkeypatch.setattr(portal._list, "schema_names", raising(ApiError("down"), names, at=2))
    with pytest.raises(ApiError, match="down"):
        portal.create("stripe", "One", public_url=PUBLIC_URL, attempt="one")

    assert portal.create("stripe", "One", public_url=PUBLIC_URL, attempt="one").id


def raising(error: Exception, otherwise, *, at: int):
    """A function that raises at one of its calls."""
    calls = []

    def call():
        calls.append(1)
        if len(calls) == at:
            raise error
        return otherwise()

    return call


@pytest.mark.usefixtures("caller")
def test_creations_are_limited_for_all_people_of_the_tenant(under):
    portal = under("{limits: {creations: 2 per hour}}").portal
    for name in ("One", "Two"):
        portal.create("stripe", name, public_url=PUBLIC_URL)
    CALLER.set(Caller("page", Role.ADMIN, Client("198.51.100.7")))

    with pytest.raises(TooManyRequests, match="The policy allows 2 new connectors per hour"):
        portal.create("stripe", "Three", public_url=PUBLIC_URL)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sync_frequency": 15}, id="older-fields"),
        pytest.param({"schedule": Schedule(schedule_type="INTERVAL", interval=59)}, id="interval"),
        pytest.param({"schedule": Schedule(schedule_type="CRON", cron="* * * * *")}, id="cron"),
    ],
)
def test_a_schedule_that_is_too_frequent_is_refused(under, sandbox, change):
    portal = under("{limits: {min_sync_frequency: 60}}").portal
    connector = portal.connectors().items[0]
    before = sandbox.world.connections[connector.id].sync_frequency

    with pytest.raises(InputError, match="The policy"):
        portal.operations.change(connector.id, timing=change)

    assert sandbox.world.connections[connector.id].sync_frequency == before


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"sync_frequency": 60}, id="the-limit"),
        pytest.param({"schedule_type": "manual"}, id="manual"),
        pytest.param({"schedule": Schedule(schedule_type="MANUAL")}, id="new-manual"),
        pytest.param({"schedule": Schedule(schedule_type="INTERVAL", interval=90)}, id="rarer"),
        pytest.param(
            {"schedule": Schedule(schedule_type="TIME_OF_DAY", time_of_day="06:00")}, id="daily"
        ),
    ],
)
def test_a_schedule_within_the_limit_is_accepted(under, change):
    portal = under("{limits: {min_sync_frequency: 60}}").portal
    connector = portal.connectors().items[0]

    portal.operations.change(connector.id, timing=change)


def test_without_invitations_no_link_is_offered_and_none_is_made(under):
    runtime = under("{limits: {invitations: false}}")
    connector = next(item for item in runtime.portal.connectors().items if item.is_incomplete)

    with pytest.raises(NotAllowed):
        runtime.portal.links.create(connector.id, public_url="")

    offers = {action["id"] for row in data.rows()[0] for action in row["also"]}
    assert "link" not in offers
    assert "discard" in offers


def test_a_name_that_the_catalogue_does_not_have_is_logged_once(under, caplog):
    portal = under("{services: {include: [stripe, googel_ads], categories: [Markting]}}").portal

    for _ in range(3):
        portal.services()

    assert [record.message for record in caplog.records if "policy" in record.message] == [
        "policy.yaml, line 3: There is no category 'Markting'. Use one of BI tools, "
        "Custom and APIs, Databases, Engineering, Events, Files, Finance, Functions, "
        "Human resources, Logs, Marketing, Productivity, Sales, Security, Support.",
        "policy.yaml, line 3: There is no service 'googel_ads'. It may have been renamed or "
        "removed. Did you mean google_ads?",
    ]


def test_the_names_that_were_logged_are_not_kept_for_ever(under, monkeypatch):
    monkeypatch.setattr(catalogue, "MOST_LOGGED", 2)
    portal = under("{services: {include: [stripe, lamp, desk, chair]}}").portal

    portal.services()

    assert len(portal._catalogue._logged) == 2
