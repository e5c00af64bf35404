"""The common rules of the imitated API: credentials, envelope, paging, limits, errors."""

import base64
from datetime import UTC, datetime

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.sandbox import Sandbox

PAGED = ("/groups", "/users", "/destinations", "/metadata/connector-types", "/connections")


def test_a_success_has_code_message_and_data(api, world):
    answer = api.get("/account/info")

    assert answer.json == {
        "code": "Success",
        "message": "Account information retrieved successfully",
        "data": {
            "account_id": world.account_id,
            "account_name": "Sandbox",
            "user_id": world.owner_id,
        },
    }


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param({"Authorization": "Basic !!!"}, id="malformed"),
        pytest.param({"Authorization": "Bearer abc"}, id="bearer"),
        pytest.param(
            {"Authorization": "Basic " + base64.b64encode(b"someone:else").decode()}, id="foreign"
        ),
    ],
)
@pytest.mark.parametrize("path", ["/v1/account/info", "/v1/nowhere", "/v1/connections/x"])
def test_wrong_keys_are_refused(client, headers, path):
    answer = client.get(path, headers=headers)

    assert answer.status_code == 401
    assert answer.json["message"] == "Invalid authorization credentials"
    assert set(answer.json) == {"code", "message"}


@pytest.mark.parametrize("path", [*PAGED, "/groups/sandy_harbour/connections"])
def test_lists_work_with_and_without_a_trailing_slash(api, path):
    assert api.get(path).json == api.get(f"{path}/").json


def test_pages_join_to_the_whole_list_and_the_last_has_no_cursor(api):
    whole = api.data("/connections")

    pages = api.pages("/connections", limit=5)

    assert [len(page) for page in pages] == [5, 5, 2]
    assert [item for page in pages for item in page] == whole["items"]
    assert "next_cursor" not in whole


def test_a_page_that_ends_where_the_list_ends_has_no_cursor(api):
    page = api.data("/connections", limit=12)

    assert len(page["items"]) == 12
    assert "next_cursor" not in page


def test_a_cursor_is_the_number_skipped_in_base64_without_padding(api):
    page = api.data("/connections", limit=3)

    assert page["next_cursor"] == "eyJza2lwIjozfQ"


def test_a_page_has_a_hundred_items_by_default(api):
    assert len(api.data("/metadata/connector-types")["items"]) == 100


def test_a_cursor_past_the_end_gives_an_empty_page(api):
    cursor = base64.urlsafe_b64encode(b'{"skip":5000}').decode().rstrip("=")

    assert api.data("/connections", cursor=cursor) == {"items": []}


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many", "1.5", "9" * 40, "\u0664"])
def test_a_limit_outside_1_to_1000_is_refused(api, limit):
    answer = api.get("/connections", limit=limit)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize("cursor", ["nonsense", "!!!", "e30", "W10", "eyJza2lwIjotMX0", "\u00e9"])
def test_a_cursor_that_cannot_be_read_is_refused(api, cursor):
    answer = api.get("/connections", cursor=cursor)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")


def test_responses_state_the_hourly_limit_and_the_remaining_requests(api):
    first = api.get("/account/info").headers
    second = api.get("/nowhere").headers

    assert (first["X-Rate-Limit"], first["X-Rate-Limit-Remaining"]) == ("20000", "19999")
    assert second["X-Rate-Limit-Remaining"] == "19998"


def test_requests_beyond_the_limit_are_refused_until_the_oldest_is_an_hour_old(api, world):
    world.limits.hourly = 2
    api.get("/account/info")
    world.advance(600)
    api.get("/account/info")

    refused = api.get("/account/info")
    world.advance(3000)
    later = api.get("/account/info")

    assert (refused.status_code, refused.json["code"]) == (429, "TooManyRequests")
    assert refused.headers["Retry-After"] == "3000"
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert later.status_code == 200


def test_requests_with_a_wrong_key_do_not_count_against_the_limit(api, client):
    client.get("/v1/account/info")

    assert api.get("/account/info").headers["X-Rate-Limit-Remaining"] == "19999"


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/groups/nobody", "NotFound_Group"),
        ("PATCH", "/groups/nobody", "NotFound_Group"),
        ("DELETE", "/groups/nobody", "NotFound_Group"),
        ("GET", "/groups/nobody/connections", "NotFound_Group"),
        ("GET", "/groups/nobody/users", "NotFound_Group"),
        ("GET", "/destinations/nobody", "NotFound_Destination"),
        ("GET", "/users/nobody", "NotFound"),
        ("GET", "/metadata/connector-types/nobody", "NotFound_ConnectorType"),
        ("GET", "/connections/nobody", "NotFound_Connection"),
        ("PATCH", "/connections/nobody", "NotFound_Connection"),
        ("DELETE", "/connections/nobody", "NotFound_Connection"),
        ("POST", "/connections/nobody/sync", "NotFound_Connection"),
        ("POST", "/connections/nobody/resync", "NotFound_Connection"),
        ("POST", "/connections/nobody/test", "NotFound_Connection"),
        ("POST", "/connections/nobody/connect-card", "NotFound_Connection"),
        ("GET", "/connectors/nobody", "NotFound_Connector"),
        ("GET", "/no/such/path", "NotFound"),
    ],
)
def test_a_missing_resource_is_a_404_with_its_kind(api, method, path, code):
    answer = api.send(method, path, json={"name": "x"})

    assert (answer.status_code, answer.json["code"]) == (404, code)
    assert answer.json["message"]


def test_an_unsupported_method_is_refused_with_json(api):
    answer = api.send("PUT", "/connections")

    assert answer.status_code == 405
    assert answer.json["code"] == "MethodNotAllowed"
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        pytest.param("name=x", "application/x-www-form-urlencoded", 415, id="form"),
        pytest.param("", None, 415, id="nothing"),
        pytest.param('{"name": ', "application/json", 400, id="cut"),
        pytest.param("[]", "application/json", 400, id="list"),
        pytest.param("[" * 100_000, "application/json", 400, id="deep"),
        pytest.param(b"\xff\xfe\xfa", "application/json", 400, id="not-unicode"),
        pytest.param("{}", "application/json", 400, id="empty-object"),
        pytest.param('{"name": "x"}', "application/json;version=2", 201, id="versioned"),
    ],
)
def test_a_body_must_be_a_json_object(api, data, kind, status):
    answer = api.send("POST", "/groups", data=data, content_type=kind)

    assert answer.status_code == status
    assert answer.json["code"]
    assert answer.json["message"]


def test_a_body_over_a_mebibyte_is_refused(api):
    answer = api.post("/groups", {"name": "x" * 1_100_000})

    assert (answer.status_code, answer.json["code"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("application/json;version=2", 200),
        ("*/*", 200),
        ("text/html, application/json;q=0.5", 200),
        ("text/html", 406),
    ],
)
def test_only_json_is_accepted(api, accept, status):
    answer = api.send("GET", "/account/info", headers={"Accept": accept})

    assert answer.status_code == status
    assert answer.is_json


def test_a_group_is_created_renamed_and_deleted(api):
    created = api.post("/groups", {"name": "acme"})
    group_id = created.json["data"]["id"]

    taken = api.post("/groups", {"name": "acme"})
    renamed = api.patch(f"/groups/{group_id}", {"name": "acme_two"})
    destination = api.data(f"/destinations/{group_id}")
    deleted = api.send("DELETE", f"/groups/{group_id}")

    assert (created.status_code, created.json["message"]) == (201, "Group has been created")
    assert (taken.status_code, taken.json["code"]) == (400, "InvalidInput")
    assert "already in use" in taken.json["message"]
    assert renamed.json["data"]["name"] == "acme_two"
    assert (destination["group_id"], destination["setup_status"]) == (group_id, "connected")
    assert deleted.json["message"] == f"Group with id '{group_id}' has been deleted"
    assert api.get(f"/groups/{group_id}").status_code == 404


def test_a_group_with_connections_cannot_be_deleted(api, world):
    answer = api.send("DELETE", f"/groups/{world.group_id}")

    assert (answer.status_code, answer.json["code"]) == (409, "Conflict")


def test_the_same_seed_and_requests_give_the_same_world():
    def responses() -> list[str]:
        world = Sandbox(seed=7, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
        client = create_app(world).test_client()
        auth = (world.api_key, world.api_secret)
        world.add_connections(30)
        world.advance(7000)
        first = client.get("/v1/connections", auth=auth).text
        card = client.post(
            "/v1/connections",
            auth=auth,
            json={
                "group_id": world.group_id,
                "service": "gmail",
                "config": {"schema": "mail"},
                "run_setup_tests": False,
                "connect_card_config": {"redirect_uri": "https://vendor.example"},
            },
        ).text
        return [first, card]

    assert responses() == responses()


def test_the_code_of_a_401_is_a_setting():
    world = Sandbox(assumptions=Assumptions(auth_failed_code="Unauthorized"))

    answer = create_app(world).test_client().get("/v1/groups")

    assert (answer.status_code, answer.json["code"]) == (401, "Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Fivetran sandbox"'
