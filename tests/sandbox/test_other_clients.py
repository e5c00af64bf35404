"""What clients by others expect of the API beyond its definition."""

from dataclasses import replace

import pytest
import requests

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.server import SandboxServer


@pytest.mark.parametrize("noun", ["connections", "connectors"])
def test_force_starts_a_sync(api, seeded, noun):
    connection = seeded("stripe_payments")["id"]

    answer = api.post(f"/{noun}/{connection}/force", {})

    assert answer.status_code == 200
    assert api.data(f"/connections/{connection}")["status"]["sync_state"] == "syncing"


@pytest.mark.parametrize("below", ["schemas", "tables", "columns"])
def test_the_metadata_api_that_has_ended_is_refused_by_the_path_asked_for(api, seeded, below):
    path = f"/metadata/connectors/{seeded('webshop')['id']}/{below}"

    answer = api.get(path)

    assert answer.status_code == 404
    assert f"/v1{path}" in answer.json["message"]


def created(api, world, service, **config):
    body = {"service": service, "group_id": world.group_id, "run_setup_tests": False}
    answer = api.post("/connections", {**body, "config": config})
    assert answer.status_code == 201, answer.json
    return answer.json["data"]


def test_a_choice_that_the_definition_does_not_list_is_kept(api, world):
    data = created(api, world, "postgres", schema_prefix="x", update_method="XMIN")

    assert data["config"]["update_method"] == "XMIN"


def test_booleans_may_be_text(api, world):
    names = [field.name for field in services()["salesforce"].fields if field.type == "boolean"]

    data = created(api, world, "salesforce", schema="x", **{names[0]: "True"})

    assert data["config"][names[0]] is True


def test_a_null_clears_a_setting(api, world):
    data = created(api, world, "postgres", schema_prefix="x", host="db.example.com")

    changed = api.patch(f"/connections/{data['id']}", {"config": {"host": None}}).json["data"]

    assert "host" not in changed["config"]


def test_a_new_connection_has_the_choices_that_nobody_made(api, world):
    config = created(api, world, "itunes_connect", schema="x")["config"]

    assert config["app_sync_mode"] == "AllApps"


@pytest.mark.parametrize(
    "service", ["google_display_and_video_360", "double_click_campaign_manager"]
)
def test_the_table_of_some_reports_may_be_left_out(api, world, service):
    assert created(api, world, service, schema="x")["schema"] == "x"
    assert created(api, world, service, schema="x", table="y")["schema"] == "x.y"


def test_every_connected_connection_has_settings(api, world):
    world.add_connections(len(services()))

    for page in api.pages("/connections", limit=1000):
        for item in page:
            has_settings = bool(services()[item["service"]].fields)
            is_connected = item["status"]["setup_state"] == "connected"
            assert item["config"] or not (has_settings and is_connected), item["service"]


def test_users_say_whether_they_have_a_key(api, world):
    [owner] = api.data("/users", has_api_key="true")["items"]

    assert owner["id"] == world.owner_id
    assert owner["user_type"] == "USER"
    assert api.data("/users", user_type="OTHER")["items"] == []
    assert api.get("/users", has_api_key="maybe").status_code == 400


def test_the_destination_of_a_new_group_passes_its_tests(api):
    group = api.post("/groups", {"name": "acme"}).json["data"]["id"]

    tested = api.post(f"/destinations/{group}/test", {}).json["data"]

    assert tested["setup_status"] == "connected"
    assert {test["status"] for test in tested["setup_tests"]} == {"PASSED"}


def test_setup_tests_need_a_body_only_if_assumed(api, world, seeded):
    path = f"/connections/{seeded('stripe_payments')['id']}/test"
    bare = api.send("POST", path)

    world.assumptions = replace(world.assumptions, test_without_body_is_refused=True)
    refused = api.send("POST", path)

    assert bare.json["message"] == "Setup tests have been completed"
    assert (refused.status_code, refused.json["code"]) == (400, "BadRequest")
    assert api.post(path, {}).status_code == 200


JSON_2 = {"Content-Type": "application/json;version=2"}


@pytest.mark.parametrize(
    ("noun", "start", "options"),
    [
        pytest.param("connectors", "force", {"headers": JSON_2}, id="airflow"),
        pytest.param("connectors", "force", {}, id="prefect"),
        pytest.param("connectors", "force", {"json": {"force": True}}, id="shipyard"),
        pytest.param("connectors", "sync", {"json": {"force": False}}, id="wrapper"),
        pytest.param("connections", "sync", {"json": {"force": True}}, id="mcp"),
        pytest.param("connections", "sync", {}, id="command-line"),
    ],
)
def test_a_client_lists_creates_syncs_and_waits_until_synced(world, noun, start, options):
    """The requests that the clients of docs/clients.md were seen to send."""
    with SandboxServer(world=world) as server, requests.Session() as session:
        session.auth = (world.api_key, world.api_secret)
        url = f"{server.url}/v1/{noun}"
        [group] = session.get(f"{server.url}/v1/groups").json()["data"]["items"]
        listed = session.get(f"{server.url}/v1/groups/{group['id']}/{noun}").json()["data"]["items"]
        [known] = [item["id"] for item in listed if item["schema"] == "stripe_payments"]
        body = {"service": "google_sheets", "group_id": group["id"], "run_setup_tests": False}
        body["config"] = {"schema": "plan", "table": "targets"}
        created = session.post(url, json=body)

        before = session.get(f"{url}/{known}").json()["data"]
        started = session.post(f"{url}/{known}/{start}", **options)
        during = session.get(f"{url}/{known}").json()["data"]
        world.advance(60)
        after = session.get(f"{url}/{known}").json()["data"]

    assert (created.status_code, started.status_code) == (201, 200)
    assert started.json()["message"].startswith("Sync has been successfully triggered")
    assert (during["status"]["sync_state"], during["succeeded_at"]) == (
        "syncing",
        before["succeeded_at"],
    )
    assert after["status"]["sync_state"] == "scheduled"
    assert after["succeeded_at"] > before["succeeded_at"]


def test_a_large_limit_is_refused_or_reduced(api, world):
    path = "/metadata/connector-types"
    assert api.get(path, limit=5000).status_code == 400

    world.assumptions = replace(world.assumptions, large_limits_are_reduced=True)

    assert len(api.data(path, limit=5000)["items"]) == 773
