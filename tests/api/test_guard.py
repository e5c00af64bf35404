"""Who may change things through the JSON API, and how its list can be filtered."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import responses
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.errors import UnknownConnector
from pbf.identity.models import Identity
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.rules.health import TONES
from pbf.runtime import Runtime
from pbf.store.identity.people import Profile

API = "https://fivetran.example"


def path_of(client: FlaskClient, schema: str) -> str:
    """The route of one of the sandbox's first connectors."""
    listed = client.get("/_/connectors").json
    connector_id = next(item["id"] for item in listed if item["schema"] == schema)
    return f"/_/connectors/{connector_id}"


def error(answer) -> tuple[int, str]:
    assert set(answer.json) == {"error"}
    return answer.status_code, answer.json["error"]["code"]


@pytest.mark.parametrize(
    ("query", "schemas"),
    [
        pytest.param("status=paused", {"jira_projects"}, id="status"),
        pytest.param("status=NEEDS+YOU", {"zendesk_support", "webshop"}, id="status-in-capitals"),
        pytest.param("service=google_ads", {"google_ads_emea"}, id="service"),
        pytest.param("service=google", set(), id="service-is-no-search"),
        pytest.param("q=GOOGLE", {"google_ads_emea", "google_analytics_web"}, id="name"),
        pytest.param("q=targets", {"sales_targets.plan"}, id="permanent-name"),
        pytest.param("q=google+sheets", {"sales_targets.plan"}, id="service-name"),
        pytest.param("q=emea+google", {"google_ads_emea"}, id="several-words"),
        pytest.param("q=nothing-like-it", set(), id="nothing"),
        pytest.param("q=crm&status=Paused", set(), id="both"),
    ],
)
def test_the_list_can_be_filtered(client: FlaskClient, query: str, schemas: set[str]):
    answer = client.get(f"/_/connectors?{query}")

    matches = {connector["schema"] for connector in answer.json}
    assert answer.status_code == 200
    assert schemas <= matches
    assert len(matches) < 12
    assert bool(matches) == bool(schemas)


@pytest.mark.parametrize("word", TONES)
def test_a_filter_by_status_returns_exactly_its_connectors(client: FlaskClient, word: str):
    connectors = client.get("/_/connectors").json
    words = {
        item["id"]: client.get(f"/_/connectors/{item['id']}").json["health"]["word"]
        for item in connectors
    }

    matches = client.get("/_/connectors", query_string={"status": word}).json

    assert {item["id"] for item in matches} == {
        connector_id for connector_id, status in words.items() if status == word
    }


def test_a_filter_by_an_unknown_status_names_the_known_ones(client: FlaskClient):
    answer = client.get("/_/connectors?status=fine")

    assert error(answer) == (400, "invalid_request")
    assert all(word in answer.json["error"]["message"] for word in TONES)


def test_an_empty_filter_returns_the_whole_cached_list(client: FlaskClient):
    whole = client.get("/_/connectors")

    same = client.get(
        "/_/connectors?status=&service=&q=", headers={"If-None-Match": whole.headers["ETag"]}
    )

    assert same.status_code == 304


CHANGES = [
    pytest.param("POST", "/_/connectors", {"service": "slack", "name": "x"}, id="create"),
    pytest.param("PATCH", "/_/connectors/one", {"paused": True}, id="change"),
    pytest.param("DELETE", "/_/connectors/one", None, id="delete"),
    pytest.param("POST", "/_/connectors/one/restore", None, id="restore"),
    pytest.param("POST", "/_/connectors/one/sync", None, id="sync"),
    pytest.param("POST", "/_/connectors/one/resync", None, id="resync"),
    pytest.param("POST", "/_/connectors/one/test", None, id="test"),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
def test_pages_of_foreign_origins_change_nothing(
    remote: FlaskClient, method: str, path: str, body: object
):
    answer = remote.open(path, method=method, json=body, headers={"Origin": "https://evil.example"})

    assert error(answer) == (403, "foreign_origin")


@pytest.mark.parametrize(
    "sender",
    [
        pytest.param("null", id="null"),
        pytest.param("", id="empty"),
        pytest.param("http://connect.example", id="without-tls"),
        pytest.param("https://connect.example:8443", id="another-port"),
        pytest.param("https://connect.example.evil.example", id="lookalike"),
        pytest.param("http://localhost:3000", id="this-machine-though-we-are-elsewhere"),
    ],
)
def test_an_origin_that_only_looks_like_ours_is_foreign(remote: FlaskClient, sender: str):
    answer = remote.delete("/_/connectors/one", headers={"Origin": sender})

    assert error(answer) == (403, "foreign_origin")


@pytest.mark.parametrize("sender", ["https://connect.example", "https://app.example"])
def test_our_own_pages_and_those_allowed_may_change_things(
    remote: FlaskClient, api: responses.RequestsMock, sender: str
):
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": []}})

    answer = remote.delete("/_/connectors/others", headers={"Origin": sender})

    assert error(answer) == (404, "unknown_connector")


@pytest.mark.parametrize(
    ("sender", "host", "status"),
    [
        pytest.param("http://localhost:5001", "localhost:5001", 200, id="our-own"),
        pytest.param("http://localhost:3000", "localhost:5001", 403, id="another-port"),
        pytest.param("http://localhost:3000", "localhost", 403, id="another-port-than-80"),
        pytest.param("http://127.0.0.1:5001", "localhost:5001", 403, id="another-name"),
        pytest.param("https://localhost:5001", "localhost:5001", 403, id="another-scheme"),
        pytest.param("http://localhost.evil.example", "localhost:5001", 403, id="lookalike"),
        pytest.param("https://evil.example", "localhost:5001", 403, id="elsewhere"),
    ],
)
def test_other_ports_of_the_own_machine_are_foreign(
    client: FlaskClient, sender: str, host: str, status: int
):
    answer = client.post(
        "/_/connectors",
        json={"service": "google_sheets", "name": "Sales"},
        headers={"Origin": sender},
        base_url=f"http://{host}",
    )

    assert answer.status_code == status


def test_the_samples_client_may_change_things_once_a_setting_names_it(settings: Settings):
    started = runtimes.start(replace(settings, allowed_origins=("http://localhost:3000",)))
    client = create_app(lambda: started).test_client()

    answer = client.post(
        "/_/connectors",
        json={"service": "google_sheets", "name": "Sales"},
        headers={"Origin": "http://localhost:3000"},
        base_url="http://127.0.0.1:5001",
    )

    started.close()
    assert answer.status_code == 200


LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Sec-Fetch-Site": "cross-site", **IMAGE}, id="an-image"),
        pytest.param({"Sec-Fetch-Site": "same-site", **IMAGE}, id="an-image-on-the-same-site"),
        pytest.param({"Sec-Fetch-Site": "cross-site", **FRAME}, id="a-frame"),
        pytest.param({"Origin": "https://evil.example"}, id="a-script"),
    ],
)
@pytest.mark.parametrize("place", ["form", "go", "return", "invited"])
def test_a_get_that_acts_is_refused_to_pages_of_other_origins(
    runtime: Runtime, client: FlaskClient, place: str, headers: dict[str, str]
):
    connector = next(
        item
        for item in runtime.portal.connectors().items
        if item.status.setup_state == "incomplete"
    )
    signer, tenant = runtime.portal.signer, runtime.portal.tenant.id
    state = signer.state(tenant, connector_id=connector.id)
    paths = {
        "form": f"/_/connectors/{connector.id}/form",
        "go": f"/_/go/{signer.link(tenant, connector.id)}",
        "return": f"/_/return?state={state}",
        "invited": f"/_/invited?state={state}",
    }

    refused = client.get(paths[place], headers=headers)
    ours = client.get(paths[place], headers={"Sec-Fetch-Site": "same-origin", **LINK})

    assert error(refused) == (403, "foreign_origin")
    assert ours.status_code in (200, 303)
    # The state was not used up by the request that was refused.
    assert "note=used" not in ours.headers.get("Location", "")
    assert "been here before" not in ours.text


@pytest.mark.parametrize("place", ["go", "return", "invite", "invited"])
def test_a_followed_link_in_a_mail_or_on_the_connect_card_is_allowed(
    runtime: Runtime, client: FlaskClient, place: str
):
    answer = client.get(
        f"/_/{place}/x" if place in ("invite", "go") else f"/_/{place}?state=x",
        headers={"Sec-Fetch-Site": "cross-site", **LINK},
    )

    assert answer.status_code != 403


@pytest.fixture
def entrance(settings: Settings) -> Iterator[tuple[FlaskClient, str]]:
    """A client, and the path of a sign-in link of the vendor's application."""
    sign_in = {"public_url": "http://localhost", "sign_in": SignIn(methods=("jwt",))}
    started = runtimes.start(replace(settings, **sign_in))
    link = started.identity.links.create(
        {"tenant": started.identity.tenants.all()[0].id, "user": {"id": "u_42"}},
        creator=Identity("token:x", "", Role.OPERATOR, method="token", is_operator=True),
        allowed_origins=(),
    )
    yield create_app(lambda: started).test_client(), f"/_/sso/{link.code}"
    started.close()


@pytest.mark.parametrize("headers", [LINK, FRAME], ids=["page", "frame"])
def test_a_sign_in_link_is_used_up_only_where_it_is_opened(entrance, headers: dict[str, str]):
    client, path = entrance
    foreign = {"Sec-Fetch-Site": "cross-site"}

    refused = [
        client.get(path, headers={**foreign, **IMAGE}),
        client.get("/_/sso?token=x", headers={**foreign, **IMAGE}),
        client.get(path, headers={**foreign, "Origin": "https://evil.example"}),
    ]
    opened = client.get(path, headers={**foreign, **headers})

    assert [error(answer) for answer in refused] == [(403, "foreign_origin")] * 3
    assert opened.status_code == 303
    assert "Set-Cookie" in opened.headers


def test_a_page_at_another_of_our_own_hosts_may_act(settings: Settings):
    hosts = {"public_url": "https://connect.example", "allowed_hosts": ("inner.example",)}
    started = runtimes.start(replace(settings, **hosts))
    client = create_app(lambda: started).test_client()
    own = {"base_url": "http://inner.example", "headers": {"Origin": "http://inner.example"}}

    path = path_of(client, "salesforce_crm")
    answers = [
        client.post(f"{path}/test", **own).status_code,
        client.post(f"{path}/test", headers={"Origin": "http://inner.example"}).status_code,
    ]

    started.close()
    assert answers == [200, 403]


def test_a_page_that_is_allowed_gets_a_connect_card(settings: Settings):
    started = runtimes.start(replace(settings, allowed_origins=("https://app.example",)))
    client = create_app(lambda: started).test_client()

    answer = client.get(
        f"{path_of(client, 'webshop')}/form",
        headers={"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"},
    )

    started.close()
    assert answer.status_code == 200


def test_reading_is_not_refused_to_any_origin(client: FlaskClient):
    answer = client.get("/_/connectors", headers={"Origin": "https://evil.example"})

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize(
    ("method", "action"), [("PATCH", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/test")]
)
def test_a_body_that_is_not_json_is_refused_even_if_none_is_needed(
    client: FlaskClient, kind: str, method: str, action: str
):
    path = path_of(client, "salesforce_crm")

    answer = client.open(f"{path}{action}", method=method, data='{"paused": 1}', content_type=kind)

    assert error(answer) == (415, "not_json")


@pytest.mark.parametrize(
    ("site", "status"),
    [
        pytest.param("cross-site", 403, id="elsewhere"),
        pytest.param("same-site", 403, id="a-neighbour"),
        pytest.param("same-origin", 200, id="our-own"),
        pytest.param("none", 200, id="a-person"),
    ],
)
def test_a_page_without_origin_is_judged_by_sec_fetch_site(
    client: FlaskClient, site: str, status: int
):
    path = path_of(client, "salesforce_crm")

    answer = client.post(f"{path}/sync", headers={"Sec-Fetch-Site": site})

    assert answer.status_code == status


def test_a_form_without_fields_is_refused(client: FlaskClient):
    path = path_of(client, "salesforce_crm")

    answer = client.post(f"{path}/sync", content_type="application/x-www-form-urlencoded")

    assert error(answer) == (415, "not_json")


LONG = "a" * 201


def calls(client: FlaskClient, name: str) -> list[tuple[str, str]]:
    return [
        ("GET", f"/_/connectors/{name}"),
        ("PATCH", f"/_/connectors/{name}"),
        ("DELETE", f"/_/connectors/{name}"),
        ("GET", f"/_/connectors/{name}/form"),
        *(("POST", f"/_/connectors/{name}/{act}") for act in ("sync", "resync", "test", "restore")),
        ("GET", f"/_/go/{name * 5}"),
    ]


def test_an_id_that_is_too_long_is_404_and_neither_logged_nor_sent(remote, caplog):
    # Fivetran has no response defined, so any request to it fails.
    for method, path in calls(remote, LONG):
        with caplog.at_level("DEBUG"):
            answer = remote.open(path, method=method, json={"paused": True})

        assert (path, *error(answer)) == (path, 404, "not_found")
    assert "aaaa" not in caplog.text
    assert "aaaa" not in "".join(remote.get("/_/audit.csv").text)


def test_a_long_id_costs_no_more_time_than_a_short_one(remote):
    answer = remote.get(f"/_/connectors/{'a' * 1_000_000}")

    assert error(answer) == (404, "not_found")


@pytest.mark.parametrize("name", ["q", "status", "service"])
def test_a_filter_that_is_too_long_is_refused(client: FlaskClient, name: str):
    refused = client.get("/_/connectors", query_string={name: LONG})

    assert error(refused) == (400, "invalid_request")
    assert refused.json["error"]["message"] == f"{name} is longer than 200 characters."
    assert client.get("/_/connectors", query_string={"q": LONG[1:]}).json == []


def test_a_redirect_uri_that_is_too_long_is_refused(client: FlaskClient):
    url = f"http://localhost/{'a' * 2_000}"

    answer = client.get(f"{path_of(client, 'webshop')}/form", query_string={"redirect_uri": url})

    assert error(answer) == (400, "invalid_redirect")


def test_an_id_that_is_too_long_is_unknown_without_a_request_to_fivetran(runtime: Runtime, sandbox):
    sandbox.stop()

    with pytest.raises(UnknownConnector):
        runtime.portal.connector(LONG)


@pytest.fixture
def cookie(runtime: Runtime) -> str:
    """The cookie of an admin's session."""
    person = runtime.store.people.sign_in(Profile("https://id.example", "ada"), None, time.time())
    return runtime.identity.sessions.start(
        person.person.id, runtime.portal.tenant.id, Role.ADMIN, method="oidc"
    )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Origin": "http://localhost"}, 404, id="our-page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 404, id="same-origin"),
        pytest.param({"Origin": "https://app.example"}, 403, id="allowed-origin"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="foreign"),
        pytest.param({"Origin": "null"}, 403, id="null"),
        pytest.param({}, 403, id="missing"),
        pytest.param({"Sec-Fetch-Site": "none"}, 403, id="no-page"),
    ],
)
def test_a_change_with_a_cookie_comes_from_our_own_pages_alone(runtime, cookie, headers, status):
    settings = replace(runtime.settings, allowed_origins=("https://app.example",))
    client = create_app(lambda: replace(runtime, settings=settings)).test_client()
    client.set_cookie("pbf", cookie)

    response = client.post("/_/connectors/none/sync", headers=headers)

    assert response.status_code == status
