import time

import pytest
import responses
from flask.testing import FlaskClient
from sqlalchemy import text

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.errors import ConfigurationError, InProgress
from pbf.proxy import create_app
from pbf.runtime import Runtime
from tests.support.accounts import API

CONNECTION = {"id": "one", "group_id": "our_group", "service": "google_sheets", "schema": "a.a"}


def listed(api: responses.RequestsMock, *connections: dict) -> None:
    api.get(
        f"{API}/v1/groups/our_group/connections",
        json={"code": "Success", "data": {"items": list(connections)}},
    )


def make(client: FlaskClient, name: str = "Sales", service: str = "google_sheets") -> dict:
    answer = client.post("/_/connectors", json={"service": service, "name": name})
    assert answer.status_code == 200, answer.text
    return answer.json


def test_services_are_a_bare_list_with_fivetrans_field_names(client: FlaskClient):
    answer = client.get("/_/services")

    assert answer.status_code == 200
    assert len(answer.json) == 773
    assert list(answer.json[0]) == [
        "id",
        "name",
        "type",
        "description",
        "icon_url",
        "icons",
        "link_to_docs",
        "link_to_erd",
        "connector_class",
        "service_status",
        "supported_features",
    ]


def test_connectors_are_a_bare_list_of_the_public_fields(client: FlaskClient):
    answer = client.get("/_/connectors")

    assert answer.status_code == 200
    assert {key for connector in answer.json for key in connector} == {
        "id",
        "service",
        "schema",
        "display_name",
        "paused",
        "created_at",
        "succeeded_at",
        "failed_at",
        "sync_frequency",
        "schedule_type",
        "daily_sync_time",
        "schedule",
        "status",
    }


def test_a_creation_returns_the_connector_under_its_typed_name(client: FlaskClient):
    connector = make(client, "Möbel & Küche")

    assert (connector["schema"], connector["display_name"]) == (
        "mobel_kuche.mobel_kuche",
        "Möbel & Küche",
    )
    assert connector["status"]["setup_state"] == "incomplete"
    assert connector["id"] in [item["id"] for item in client.get("/_/connectors").json]


def test_a_single_connector_can_be_read(client: FlaskClient):
    connector = make(client)

    answer = client.get(f"/_/connectors/{connector['id']}")

    assert answer.json == connector


def test_the_form_is_an_address_to_which_a_redirect_uri_can_be_appended(client: FlaskClient):
    connector = make(client)

    answer = client.get(f"/_/connectors/{connector['id']}/form")

    assert set(answer.json) == {"url", "connectorId"}
    assert answer.json["connectorId"] == connector["id"]
    assert "?auth=" in answer.json["url"]
    assert "redirect_uri" not in answer.json["url"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_form_accepts_a_redirect_uri_on_our_own_host(client: FlaskClient):
    connector = make(client)

    answer = client.get(
        f"/_/connectors/{connector['id']}/form", query_string={"redirect_uri": "http://localhost/x"}
    )

    assert answer.status_code == 200
    assert "redirect_uri=" in answer.json["url"]


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("https://evil.example/", id="another-host"),
        pytest.param("http://localhost:81/", id="another-port"),
        pytest.param("http://localhost.evil.example/", id="lookalike"),
        pytest.param("http://localhost@evil.example/", id="user-part"),
        pytest.param("javascript:alert(1)", id="script"),
        pytest.param("//evil.example/", id="no-scheme"),
        pytest.param("http://localhost:notaport/", id="bad-port"),
        pytest.param("", id="empty"),
    ],
)
def test_the_form_refuses_a_redirect_uri_on_other_origins(client: FlaskClient, target: str):
    connector = make(client)

    answer = client.get(
        f"/_/connectors/{connector['id']}/form", query_string={"redirect_uri": target}
    )

    assert answer.status_code == 400
    assert answer.json["error"]["code"] == "invalid_redirect"


def test_the_form_accepts_a_redirect_uri_on_an_allowed_origin(
    remote: FlaskClient, api: responses.RequestsMock
):
    listed(api, CONNECTION)
    api.post(
        f"{API}/v1/connections/one/connect-card",
        json={"code": "Success", "data": {"connect_card": {"uri": "https://f.example/s?auth=t"}}},
    )

    answer = remote.get("/_/connectors/one/form?redirect_uri=https://app.example/back")

    assert answer.json == {"url": "https://f.example/s?auth=t", "connectorId": "one"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"name": "Sales"}, 400, "invalid_request", id="no-service"),
        pytest.param({"service": 1, "name": "Sales"}, 400, "invalid_request", id="number"),
        pytest.param({"service": "google_sheets"}, 400, "invalid_name", id="no-name"),
        pytest.param({"service": "google_sheets", "name": ""}, 400, "invalid_name", id="empty"),
        pytest.param({"service": "google_sheets", "name": "!?"}, 400, "invalid_name", id="signs"),
        pytest.param(
            {"service": "google_sheets", "name": "x" * 101}, 400, "invalid_name", id="too-long"
        ),
        pytest.param(
            {"service": "nonesuch", "name": "Sales"}, 404, "unknown_service", id="unknown"
        ),
        pytest.param(
            {"service": "fivetran_log", "name": "Log"}, 422, "not_creatable", id="dashboard-only"
        ),
        pytest.param(["google_sheets"], 400, "invalid_request", id="a-list"),
    ],
)
def test_an_invalid_creation_is_refused(client: FlaskClient, body: object, status: int, code: str):
    before = len(client.get("/_/connectors").json)

    answer = client.post("/_/connectors", json=body)

    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert len(client.get("/_/connectors").json) == before


def test_a_service_that_fivetran_cannot_create_is_refused_with_advice(
    remote: FlaskClient, api: responses.RequestsMock
):
    types = f"{API}/v1/metadata/connector-types"
    stripe = {"id": "stripe", "name": "Stripe"}
    api.get(types, json={"data": {"items": [stripe]}})
    api.get(f"{types}/stripe", json={"data": {**stripe, "config": {"required": ["schema"]}}})
    api.get(f"{API}/v1/groups/our_group/connections", json={"data": {"items": []}})
    message = "Unsupported connector service 'stripe'"
    api.post(f"{API}/v1/connections", status=400, json={"code": "InvalidInput", "message": message})

    answer = remote.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert (answer.status_code, answer.json["error"]["code"]) == (422, "not_creatable")
    assert (
        "Stripe can be set up in Fivetran's own dashboard only." in answer.json["error"]["message"]
    )


def test_a_taken_name_is_refused_and_the_next_free_one_offered(client: FlaskClient):
    make(client, "Sales")

    answer = client.post("/_/connectors", json={"service": "slack", "name": "sales"})

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "name_taken")
    assert "sales_2" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        pytest.param({"data": "service=x"}, 415, "not_json", id="no-type"),
        pytest.param(
            {"data": "{", "content_type": "application/json"}, 400, "invalid_json", id="cut-off"
        ),
        pytest.param(
            {"data": b"\xff\xfe", "content_type": "application/json"},
            400,
            "invalid_json",
            id="not-text",
        ),
        pytest.param(
            {"data": "[" * 65537, "content_type": "application/json"}, 413, "too_large", id="large"
        ),
    ],
)
def test_a_body_that_is_not_json_is_refused(
    client: FlaskClient, send: dict, status: int, code: str
):
    answer = client.post("/_/connectors", **send)

    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/_/connectors/nonesuch", "/_/connectors/nonesuch/form"])
def test_a_connector_that_is_not_the_tenants_does_not_exist(client: FlaskClient, path: str):
    answer = client.get(path)

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "unknown_connector")


def test_unknown_routes_and_wrong_methods_return_json(client: FlaskClient):
    missing, wrong = client.get("/_/nothing"), client.delete("/_/connectors")

    assert (missing.status_code, missing.json["error"]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        pytest.param({"status": 401, "json": {}}, 502, "fivetran_refused", id="wrong-key"),
        pytest.param({"status": 404, "json": {}}, 502, "group_not_visible", id="wrong-group"),
        pytest.param({"status": 403, "json": {}}, 502, "group_not_visible", id="forbidden"),
        pytest.param({"status": 409, "json": {}}, 409, "fivetran_conflict", id="conflict"),
        pytest.param({"status": 500, "body": "x"}, 502, "fivetran_failed", id="500"),
        pytest.param({"body": "<html>"}, 502, "fivetran_bad_answer", id="html"),
        pytest.param({"json": {"data": {}}}, 502, "fivetran_bad_answer", id="no-items"),
    ],
)
def test_an_error_of_fivetran_has_a_status_and_a_code(
    remote: FlaskClient, api: responses.RequestsMock, reply: dict, status: int, code: str
):
    api.get(f"{API}/v1/groups/our_group/connections", **reply)

    answer = remote.get("/_/connectors")

    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"code", "message", "request_id"}
    assert "the-key" not in answer.text
    assert "the-secret" not in answer.text


def test_a_wrong_key_is_reported_in_the_words_that_the_samples_client_expects(
    remote: FlaskClient, api: responses.RequestsMock
):
    api.get(f"{API}/v1/metadata/connector-types", status=401, json={})

    answer = remote.get("/_/services")

    assert "Invalid authorization credentials" in answer.text


def test_the_rate_limit_says_when_to_try_again(remote: FlaskClient, api: responses.RequestsMock):
    api.get(
        f"{API}/v1/groups/our_group/connections",
        status=429,
        json={"code": "TooManyRequests"},
        headers={"Retry-After": "90"},
    )

    answer = remote.get("/_/connectors")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")


def test_a_fivetran_that_cannot_be_reached_is_a_502(remote: FlaskClient, api):
    api.get(f"{API}/v1/groups/our_group/connections", body=responses.ConnectionError())

    answer = remote.get("/_/connectors")

    assert (answer.status_code, answer.json["error"]["code"]) == (502, "fivetran_unreachable")


def test_incomplete_settings_are_a_503_that_names_them():
    def refuse() -> Runtime:
        raise ConfigurationError("FIVETRAN_API_SECRET is not set.")

    answer = create_app(refuse).test_client().get("/_/services")

    assert answer.status_code == 503
    error = answer.json["error"]
    assert error["code"] == "not_configured"
    assert error["message"] == "FIVETRAN_API_SECRET is not set."
    assert error["request_id"] == answer.headers["X-Request-Id"]


def test_an_unexpected_error_reveals_nothing():
    def fail() -> Runtime:
        raise RuntimeError("the-secret")

    answer = create_app(fail).test_client().get("/_/services")

    assert answer.status_code == 500
    assert "the-secret" not in answer.text
    assert "Traceback" not in answer.text


def test_the_health_check_answers(client: FlaskClient):
    assert client.get("/_/healthz").json == {"status": "ok"}


def test_a_signed_link_leads_to_the_card(client: FlaskClient, runtime: Runtime):
    connector = make(client)
    link = runtime.portal.signer.link(runtime.portal.tenant.id, connector["id"])

    answer = client.get(f"/_/go/{link}")

    assert answer.status_code == 303
    assert "/connect-card/setup?" in answer.location
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("link", ["forged", "a.b.c", "%00"])
def test_a_forged_link_leads_to_the_list(client: FlaskClient, link: str):
    answer = client.get(f"/_/go/{link}")

    assert (answer.status_code, answer.location) == (
        303,
        "http://localhost/connectors?note=expired",
    )


def test_a_return_names_the_connector_once(client: FlaskClient, runtime: Runtime):
    connector = make(client)
    state = runtime.portal.signer.state(runtime.portal.tenant.id, connector_id=connector["id"])

    first, second = (client.get(f"/_/return?state={state}") for _ in range(2))

    assert first.location == f"http://localhost/connectors?returned={connector['id']}"
    assert second.location == "http://localhost/connectors?note=used"


def test_a_return_from_the_first_card_finds_the_connector(client: FlaskClient, runtime: Runtime):
    connector = make(client)
    state = runtime.portal.signer.state(runtime.portal.tenant.id, schema_name=connector["schema"])

    answer = client.get(f"/_/return?state={state}")

    assert answer.location == f"http://localhost/connectors?returned={connector['id']}"


@pytest.mark.parametrize("query", ["", "?state=", "?state=forged", "?state=a.b.c&id=x"])
def test_a_forged_return_leads_to_the_list(client: FlaskClient, query: str):
    answer = client.get(f"/_/return{query}")

    assert (answer.status_code, answer.location) == (303, "http://localhost/connectors?note=used")


def test_a_return_for_a_deleted_connector_leads_to_the_list(client: FlaskClient, runtime: Runtime):
    state = runtime.portal.signer.state(runtime.portal.tenant.id, connector_id="deleted_one")

    answer = client.get(f"/_/return?state={state}")

    assert answer.location == "http://localhost/connectors?note=gone"


def test_links_start_with_the_public_url_if_one_is_set(
    remote: FlaskClient, api: responses.RequestsMock
):
    listed(api, CONNECTION)
    card = api.post(
        f"{API}/v1/connections/one/connect-card",
        json={"code": "Success", "data": {"connect_card": {"uri": "/sandbox/setup?auth=t"}}},
    )

    answer = remote.get("/_/connectors/one/form")

    assert answer.json["url"] == "https://connect.example/sandbox/setup?auth=t"
    assert b"https://connect.example" in card.calls[0].request.body


def test_an_unchanged_list_is_not_sent_again(client: FlaskClient):
    first = client.get("/_/services", headers={"Accept-Encoding": "gzip"})

    again = client.get(
        "/_/services", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    )

    assert first.headers["Content-Encoding"] == "gzip"
    assert first.headers["Vary"] == "Accept-Encoding"
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_changed_list_is_sent_again(client: FlaskClient):
    first = client.get("/_/connectors")
    connector = make(client)

    again = client.get("/_/connectors", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 200
    assert connector["id"] in [item["id"] for item in again.json]


def test_links_use_the_host_of_the_request(runtime: Runtime):
    named = Settings(allowed_hosts=("one.example", "two.example"))
    sandboxed = runtimes.start(named)
    client = create_app(lambda: sandboxed).test_client()

    icons = [
        client.get("/_/services", base_url=base).json[0]["icon_url"]
        for base in ("http://one.example", "http://two.example:8501")
    ]
    sandboxed.close()

    assert icons == [
        "http://one.example/sandbox/icons/15five.svg",
        "http://two.example:8501/sandbox/icons/15five.svg",
    ]


def test_a_creation_sent_again_with_its_key_returns_the_same_connector(
    client: FlaskClient, runtime: Runtime
):
    body = {"service": "stripe", "name": "Sales"}
    key = {"Idempotency-Key": "5f0c7c1e"}

    first, again = (client.post("/_/connectors", json=body, headers=key) for _ in range(2))
    different = client.post("/_/connectors", json={**body, "name": "Stock"}, headers=key)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json == first.json
    assert (different.status_code, different.json["error"]["code"]) == (422, "key_reused")
    assert "Use a new Idempotency-Key" in different.json["error"]["message"]
    assert [(entry.actor, entry.outcome) for entry in runtime.store.audit.entries()] == [
        ("route", "done"),
        ("route", "KeyReused"),
    ]


def test_a_creation_in_progress_says_when_to_retry(
    client: FlaskClient, runtime: Runtime, monkeypatch
):
    def busy(*_, **__):
        raise InProgress("This connector is being created already.", retry_after=3)

    monkeypatch.setattr(runtime.portal, "create", busy)

    answer = client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert (answer.status_code, answer.json["error"]["code"]) == (409, "in_progress")
    assert answer.headers["Retry-After"] == "3"


def test_without_the_database_a_creation_is_refused_and_the_list_is_shown(
    client: FlaskClient, runtime: Runtime
):
    with runtime.store._database.session() as session:
        session.execute(text("DROP TABLE creations"))
        session.execute(text("DROP TABLE typed_names"))

    refused = client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})
    listed = client.get("/_/connectors")

    assert (refused.status_code, refused.json["error"]["code"]) == (503, "store_unavailable")
    assert "Nothing was created." in refused.json["error"]["message"]
    assert (listed.status_code, len(listed.json)) == (200, 12)


@pytest.mark.parametrize("key", ["", "x" * 256, "ä"], ids=["empty", "long", "not-ascii"])
def test_an_invalid_idempotency_key_is_refused(client: FlaskClient, key: str):
    answer = client.post(
        "/_/connectors",
        json={"service": "stripe", "name": "Sales"},
        headers={"Idempotency-Key": key},
    )

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_request")
    assert "Idempotency-Key" in answer.json["error"]["message"]


def test_a_list_that_cannot_be_refreshed_has_an_age(
    remote: FlaskClient, api: responses.RequestsMock
):
    opened: Runtime = remote.application.extensions["pbf"]()
    listed(api, CONNECTION)
    fresh = remote.get("/_/connectors")
    path = f"/_/connectors/{CONNECTION['id']}"
    before = remote.get(path)
    api.replace(
        "GET", f"{API}/v1/groups/our_group/connections", body=responses.ConnectionError("no")
    )
    opened.cache._clock = lambda: time.time() + 400

    stale, chosen = remote.get("/_/connectors"), remote.get("/_/connectors?q=a")
    alone = remote.get(path)

    assert ["Age" in answer.headers for answer in (fresh, before)] == [False, False]
    assert (stale.status_code, stale.json) == (200, fresh.json)
    assert (alone.status_code, alone.json) == (200, before.json)
    assert all(0 <= int(answer.headers["Age"]) < 60 for answer in (stale, chosen, alone))
