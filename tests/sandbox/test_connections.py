"""Connections: creating, updating, deleting, testing, the legacy paths, and links."""

from collections import Counter

import pytest

from pbf.sandbox.app import create_app

NAMED = {"schema": "plan", "table": "targets"}


def test_a_created_connection_has_the_defaults_of_the_live_api(create):
    created = create()

    assert created["status"] == {
        "setup_state": "incomplete",
        "sync_state": "scheduled",
        "update_state": "on_schedule",
        "is_historical_sync": True,
        "tasks": [],
        "warnings": [],
    }
    defaults = {
        "paused": False,
        "pause_after_trial": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "service_version": 1,
        "networking_method": "Directly",
        "succeeded_at": None,
        "failed_at": None,
        "created_at": "2026-11-20T12:00:00.000000Z",
        "config": {"auth_type": "OAuth", "sheet_id": "", "named_range": ""},
        "connect_card_config": {"redirect_uri": "https://vendor.example/back?state=s1"},
    }
    assert {name: created[name] for name in defaults} == defaults
    assert "setup_tests" not in created


def test_a_created_connection_is_found_by_id_and_by_schema(api, create, world):
    created = create()

    by_id = api.data(f"/connections/{created['id']}")
    in_group = api.data(f"/groups/{world.group_id}/connections", schema="plan.targets")
    in_account = api.data("/connections", schema="plan.targets", group_id=world.group_id)

    assert in_group["items"] == in_account["items"] == [by_id]
    assert "connect_card" not in by_id


def test_secrets_come_back_masked_and_unknown_fields_are_dropped(create):
    config = {"schema_prefix": "shop", "host": "h", "password": "s3cret", "table": "x", "odd": 1}

    created = create("postgres", config)

    assert created["config"]["host"] == "h"
    assert created["config"]["password"] == "******"
    assert not {"table", "odd", "schema_prefix"} & created["config"].keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"group_id": None}, "Field 'group_id' is required", id="no-group"),
        pytest.param({"service": None}, "Field 'service' is required", id="no-service"),
        pytest.param(
            {"service": "nothing_such"},
            "Unsupported connector service 'nothing_such'",
            id="unknown-service",
        ),
        pytest.param({"config": {"schema": "plan"}}, "Field 'table' is required", id="no-table"),
        pytest.param(
            {"config": {**NAMED, "auth_type": 7}}, "Invalid 'config' object", id="wrong-enum"
        ),
        pytest.param(
            {"config": {**NAMED, "sheet_id": 7}}, "Invalid 'config' object", id="wrong-type"
        ),
        pytest.param({"config": []}, "Invalid 'config' object", id="config-list"),
        pytest.param({"paused": "yes"}, "Invalid 'paused' value", id="paused-text"),
        pytest.param({"sync_frequency": 7}, "Invalid 'sync_frequency' value", id="frequency"),
        pytest.param(
            {"connect_card_config": {"redirect_uri": "https://a.example"}},
            "Field 'run_setup_tests' must be false with 'connect_card_config'",
            id="card-with-tests",
        ),
        pytest.param(
            {"run_setup_tests": False, "connect_card_config": {}},
            "Field 'redirect_uri' is required",
            id="card-without-redirect",
        ),
        pytest.param(
            {"run_setup_tests": False, "connect_card_config": {"redirect_uri": "ftp://a"}},
            "The 'redirect_uri' must start with 'http' or 'https'",
            id="card-with-foreign-scheme",
        ),
    ],
)
def test_an_invalid_creation_is_refused_and_leaves_nothing(api, world, change, message):
    body = {"group_id": world.group_id, "service": "google_sheets", "config": NAMED, **change}

    answer = api.post("/connections", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")
    assert answer.json["message"] == message
    assert api.data("/connections", schema="plan.targets")["items"] == []


@pytest.mark.parametrize("name", ["Upper", "1st", "a-b", "a b", "\u00e9t\u00e9", "a.b", "a\n"])
def test_a_name_that_breaks_the_rule_is_refused(api, world, name):
    body = {"group_id": world.group_id, "service": "hubspot", "config": {"schema": name}}

    answer = api.post("/connections", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")
    assert "schema" in answer.json["message"]


def test_a_name_is_unique_in_its_group_only(api, create):
    create()
    second_group = api.post("/groups", {"name": "other"}).json["data"]["id"]
    body = {"group_id": second_group, "service": "google_sheets", "config": NAMED}

    elsewhere = api.post("/connections", body)
    again = api.post("/connections", body)

    assert elsewhere.status_code == 201
    assert (again.status_code, again.json["code"]) == (400, "InvalidInput")
    assert "plan.targets" in again.json["message"]


def test_a_group_that_does_not_exist_cannot_hold_a_connection(api):
    body = {"group_id": "nobody", "service": "google_sheets", "config": NAMED}

    answer = api.post("/connections", body)

    assert (answer.status_code, answer.json["code"]) == (404, "NotFound_Group")


def test_setup_tests_run_at_creation_unless_disabled(api, world):
    body = {"group_id": world.group_id, "service": "stripe", "config": {"schema": "pay"}}
    keyed = {**body, "config": {"schema": "pay2", "api_key": "k"}}

    without = api.post("/connections", body).json["data"]
    with_key = api.post("/connections", keyed).json["data"]

    assert Counter(test["status"] for test in without["setup_tests"])["FAILED"] == 1
    assert without["status"]["setup_state"] == "incomplete"
    assert {test["status"] for test in with_key["setup_tests"]} == {"PASSED"}
    assert with_key["status"]["setup_state"] == "connected"


def test_setup_tests_can_be_run_again(api, create):
    path = f"/connections/{create()['id']}/test"

    answer = api.post(path, {})

    assert answer.json["message"] == "Setup tests have been completed"
    assert [test["status"] for test in answer.json["data"]["setup_tests"]] == [
        "PASSED",
        "FAILED",
        "SKIPPED",
    ]


def test_an_update_changes_the_fields_it_names(api, create):
    path = f"/connections/{create()['id']}"

    change = {"sync_frequency": 60, "paused": True, "config": {"sheet_id": "abc"}}
    changed = api.patch(path, {**change, "run_setup_tests": False}).json["data"]

    assert changed == api.data(path)
    assert (changed["sync_frequency"], changed["paused"]) == (60, True)
    assert changed["status"]["sync_state"] == "paused"
    assert changed["config"]["sheet_id"] == "abc"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({"run_setup_tests": True}, id="only-tests"),
        pytest.param({"trust_certificates": True}, id="only-trust"),
        pytest.param({"config": {"schema": "other"}}, id="renaming"),
        pytest.param({"config": {"auth_type": True}}, id="wrong-enum"),
    ],
)
def test_an_invalid_update_is_refused(api, create, body):
    created = create()

    answer = api.patch(f"/connections/{created['id']}", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")
    assert api.data(f"/connections/{created['id']}")["schema"] == created["schema"]


def test_a_deleted_connection_is_gone_and_frees_its_name(api, create):
    created = create()

    answer = api.send("DELETE", f"/connections/{created['id']}")

    assert answer.json == {
        "code": "Success",
        "message": f"Connection with id '{created['id']}' has been deleted",
    }
    assert api.get(f"/connections/{created['id']}").status_code == 404
    assert create()["schema"] == created["schema"]


def test_a_card_is_created_for_an_existing_connection(api, create):
    created = create(connect_card_config=None)
    config = {"redirect_uri": "https://a.example/x?y=1&z=2", "hide_setup_guide": True}

    answer = api.post(f"/connections/{created['id']}/connect-card", {"connect_card_config": config})

    data = answer.json["data"]
    assert answer.status_code == 200
    assert data["connector_id"] == created["id"]
    assert data["connect_card_config"] == config
    assert data["connect_card"]["uri"] == (
        "http://localhost/connect-card/setup?redirect_uri=https://a.example/x%3Fy%3D1%26z%3D2"
        f"&auth={data['connect_card']['token']}&hide_setup_guide=true"
    )
    assert api.post(f"/connections/{created['id']}/connect-card", {}).status_code == 400


def test_the_legacy_paths_answer_like_the_current_ones(api, create, world):
    created = create()

    legacy = api.get(f"/connectors/{created['id']}")
    token = api.post(f"/connectors/{created['id']}/connect-card-token")

    assert legacy.json["data"] == api.data(f"/connections/{created['id']}")
    assert legacy.json["message"] == "Connector details retrieved successfully"
    assert api.data("/connectors") == api.data("/connections")
    group = f"/groups/{world.group_id}"
    assert api.data(f"{group}/connectors/") == api.data(f"{group}/connections")
    assert api.data("/metadata/connectors") == api.data("/metadata/connector-types")
    assert token.json == {"code": "Success", "token": token.json["token"]}
    assert token.json["token"].count(".") == 2


def test_force_is_the_legacy_sync(api, seeded):
    connection = seeded("salesforce_crm")

    answer = api.send("POST", f"/connectors/{connection['id']}/force")

    assert answer.status_code == 200
    assert seeded("salesforce_crm")["status"]["sync_state"] == "syncing"


@pytest.mark.parametrize(
    ("public_url", "prefix", "start"),
    [
        pytest.param(None, "", "http://localhost", id="as-asked"),
        pytest.param(None, "/sandbox", "http://localhost/sandbox", id="mounted"),
        pytest.param("/sandbox", "", "/sandbox", id="path"),
        pytest.param("https://x.example/s/", "/inner", "https://x.example/s", id="full"),
    ],
)
def test_links_start_with_the_public_address(world, public_url, prefix, start):
    client = create_app(world, public_url=public_url).test_client()
    options = {
        "auth": (world.api_key, world.api_secret),
        "base_url": f"http://localhost{prefix}",
    }
    card = {"connect_card_config": {"redirect_uri": "https://a.example"}}
    body = {"group_id": world.group_id, "service": "hubspot", "config": {"schema": "x"}, **card}

    item = client.get("/v1/metadata/connectors/hubspot", **options).json["data"]
    created = client.post("/v1/connections", json={**body, "run_setup_tests": False}, **options)

    assert item["icon_url"] == f"{start}/icons/hubspot.svg"
    assert item["icons"][0] == item["icon_url"]
    assert all(icon.startswith(item["icon_url"]) for icon in item["icons"])
    uri = created.json["data"]["connect_card"]["uri"]
    assert uri.startswith(f"{start}/connect-card/setup?")


def test_many_connections_can_be_added(api, world):
    world.add_connections(1500)

    pages = api.pages("/connections", limit=1000)

    assert [len(page) for page in pages] == [1000, 512]
    ids = {item["id"] for page in pages for item in page}
    assert len(ids) == 1512


MONDAYS = {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:00", "days_of_week": ["MONDAY"]}
EVERY_DAY = [
    *("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"),
    *("SATURDAY", "SUNDAY"),
]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        pytest.param(
            {"schedule_type": "INTERVAL", "interval": 90}, {"interval": 90}, id="interval"
        ),
        pytest.param(MONDAYS, MONDAYS, id="mondays"),
        pytest.param(
            {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:00"},
            {"days_of_week": EVERY_DAY},
            id="default-days",
        ),
        pytest.param(
            {"schedule_type": "CRON", "cron": "0 9 * * 1-5"}, {"cron": "0 9 * * 1-5"}, id="cron"
        ),
        pytest.param({"schedule_type": "MANUAL"}, {"schedule_type": "MANUAL"}, id="manual"),
    ],
)
def test_a_schedule_is_stored_and_returned_with_the_connection(
    api, create, world, schedule: dict, expected: dict
):
    created = create(schedule=schedule)
    second = create(config={"schema": "other", "table": "targets"})
    path = f"/connections/{second['id']}"

    changed = api.patch(path, {"schedule": schedule}).json["data"]

    listed = api.data(f"/groups/{world.group_id}/connections")["items"]
    by_id = {item["id"]: item for item in listed}
    for item in (created, changed, api.data(path), by_id[created["id"]], by_id[second["id"]]):
        assert item["schedule"] == {**item["schedule"], **expected}
        assert item["schedule"]["schedule_type"] == schedule["schedule_type"]


def test_the_legacy_fields_replace_a_schedule(api, create):
    path = f"/connections/{create(schedule=MONDAYS)['id']}"

    changed = api.patch(path, {"sync_frequency": 60}).json["data"]

    assert changed["schedule"]["schedule_type"] == "INTERVAL"
    assert changed["schedule"]["interval"] == changed["sync_frequency"] == 60


def test_a_daily_time_is_ignored_with_another_frequency(create):
    assert "daily_sync_time" not in create(sync_frequency=180, daily_sync_time="02:00")


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"schedule": {}}, id="empty"),
        pytest.param({"schedule": {"schedule_type": "LUNAR"}}, id="kind"),
        pytest.param({"schedule": {"schedule_type": "INTERVAL"}}, id="no-interval"),
        pytest.param({"schedule": {**MONDAYS, "time_of_day": "02:30"}}, id="half-hour"),
        pytest.param({"schedule": {**MONDAYS, "days_of_week": ["Monday"]}}, id="day"),
        pytest.param({"schedule": {"schedule_type": "CRON", "cron": "daily"}}, id="cron"),
        pytest.param({"schedule": MONDAYS, "schedule_type": "manual"}, id="manual-as-well"),
    ],
)
def test_an_invalid_schedule_is_refused(api, world, fields: dict):
    config = {"schema": "plan", "table": "targets"}
    body = {"group_id": world.group_id, "service": "google_sheets", "config": config, **fields}

    answer = api.post("/connections", body)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")


def test_a_service_that_the_api_cannot_create_is_refused_like_fivetran_does(api, world):
    features = api.data("/metadata/connector-types/fivetran_log")["supported_features"]
    body = {"group_id": world.group_id, "service": "fivetran_log", "config": {"schema": "log"}}

    answer = api.post("/connections", body)

    assert "API_CONFIGURABLE" not in {feature["id"] for feature in features}
    assert answer.status_code == 400
    assert answer.json["message"] == "Unsupported connector service 'fivetran_log'"
