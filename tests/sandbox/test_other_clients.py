"""What clients by others expect of the API beyond its definition."""

from dataclasses import replace

import pytest

from pbf.sandbox.catalogue.services import services


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


def test_a_large_limit_is_refused_or_reduced(api, world):
    path = "/metadata/connector-types"
    assert api.get(path, limit=5000).status_code == 400

    world.assumptions = replace(world.assumptions, large_limits_are_reduced=True)

    assert len(api.data(path, limit=5000)["items"]) == 773
