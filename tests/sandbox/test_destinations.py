"""Destinations: their operations, settings and setup tests."""

import json
import os
from pathlib import Path

import pytest

from pbf.sandbox.resources.destinations import OFFSETS, REGIONS, kinds

DEFINITION = Path(__file__).parents[2].parent / "shared" / "reference" / "fivetran-openapi.json"
SNOWFLAKE = {
    "host": "acme.snowflakecomputing.com",
    "port": 443,
    "database": "fivetran",
    "auth": "PASSWORD",
    "user": "loader",
    "password": "hunter22",
}
POSTGRES = {"host": "db.example.com", "port": 5432, "user": "loader", "password": "hunter22"}


@pytest.fixture
def make(api):
    """Create a destination for a new group."""

    def create(service="snowflake", config=None, **fields):
        name = f"acme_{len(api.data('/groups')['items'])}"
        group = api.post("/groups", {"name": name}).json["data"]["id"]
        body = {"group_id": group, "service": service, "time_zone_offset": "+3", **fields}
        return api.post("/destinations", {**body, "config": config or SNOWFLAKE})

    return create


def statuses(data):
    return {test["title"]: test["status"] for test in data["setup_tests"]}


def test_a_destination_is_created_updated_and_deleted(api, make):
    created = make(region="AWS_EU_WEST_1", daylight_saving_time_enabled=True)
    data = created.json["data"]
    path = f"/destinations/{data['id']}"
    read = api.data(path)
    changed = api.patch(path, {"time_zone_offset": "-5", "config": {"database": "other"}})
    deleted = api.send("DELETE", path)

    assert (created.status_code, created.json["message"]) == (201, "Destination has been created")
    assert data["id"] == data["group_id"]
    assert (data["region"], data["daylight_saving_time_enabled"]) == ("AWS_EU_WEST_1", True)
    assert data["setup_status"] == "connected"
    assert set(statuses(data).values()) == {"PASSED"}
    assert read == {key: value for key, value in data.items() if key != "setup_tests"}
    assert changed.json["message"] == "Destination has been updated"
    assert changed.json["data"]["time_zone_offset"] == "-5"
    assert changed.json["data"]["config"]["database"] == "other"
    assert changed.json["data"]["config"]["host"] == SNOWFLAKE["host"]
    assert deleted.json["message"] == f"Destination with id '{data['id']}' has been deleted"
    assert api.get(path).json["code"] == "NotFound_Destination"


def test_secrets_are_masked_and_numbers_are_text(make, world):
    config = make(run_setup_tests=False).json["data"]["config"]

    assert config == {
        **SNOWFLAKE,
        "port": "443",
        "password": "******",
        "connection_type": "Directly",
    }
    assert "hunter22" not in repr(world.destinations)


def test_without_tests_a_destination_stays_incomplete_in_the_default_region(make):
    data = make(run_setup_tests=False).json["data"]

    assert (data["setup_status"], data["region"]) == ("incomplete", "GCP_US_EAST4")
    assert (data["networking_method"], data["daylight_saving_time_enabled"]) == ("Directly", False)
    assert "setup_tests" not in data


def test_a_failed_test_skips_the_rest_and_leaves_the_destination_incomplete(api, make):
    created = make(config={**SNOWFLAKE, "host": "nowhere.invalid"})
    path = f"/destinations/{created.json['data']['id']}"
    repaired = api.patch(path, {"config": {"host": SNOWFLAKE["host"]}}).json["data"]
    broken = api.patch(path, {"config": {"password": ""}}).json["data"]

    assert created.status_code == 201
    assert statuses(created.json["data"]) == {
        "Host Connection": "FAILED",
        "Database Connection": "SKIPPED",
        "Permission Test": "SKIPPED",
    }
    assert created.json["data"]["setup_status"] == "incomplete"
    assert repaired["setup_status"] == "connected"
    assert broken["setup_status"] == "broken"
    assert statuses(broken)["Database Connection"] == "FAILED"


@pytest.mark.parametrize(
    ("setting", "title", "flag"),
    [
        ({"always_encrypted": True}, "Validate Certificate", "trust_certificates"),
        ({"connection_type": "SshTunnel"}, "Connecting to SSH tunnel", "trust_fingerprints"),
    ],
)
def test_an_untrusted_certificate_or_fingerprint_fails_its_test(api, make, setting, title, flag):
    data = make("postgres_warehouse", {**POSTGRES, **setting}).json["data"]
    path = f"/destinations/{data['id']}"
    trusted = api.post(f"{path}/test", {flag: True})
    later = api.post(f"{path}/test")

    assert statuses(data)[title] == "FAILED"
    assert data["setup_status"] == "incomplete"
    assert trusted.json["message"] == "Setup tests have been completed"
    assert statuses(trusted.json["data"])[title] == "PASSED"
    assert later.json["data"]["setup_status"] == "connected"


def test_a_destination_with_connections_is_not_deleted(api, world):
    answer = api.send("DELETE", f"/destinations/{world.group_id}")

    assert (answer.status_code, answer.json["code"]) == (409, "Conflict")


def test_the_sandboxs_own_destination_can_be_replaced_and_another_cannot(api, make):
    first = make()
    body = {"group_id": first.json["data"]["id"], "service": "snowflake", "time_zone_offset": "0"}
    second = api.post("/destinations", body)

    assert first.status_code == 201
    assert (second.status_code, second.json["code"]) == (409, "Conflict")


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        pytest.param({"group_id": None}, 400, "Field 'group_id' is required", id="no-group"),
        pytest.param({"service": None}, 400, "Field 'service' is required", id="no-service"),
        pytest.param({"service": "s3"}, 400, "Unsupported service 's3'", id="not-a-destination"),
        pytest.param(
            {"time_zone_offset": None}, 400, "Field 'time_zone_offset' is required", id="no-offset"
        ),
        pytest.param(
            {"time_zone_offset": "+99"}, 400, "Invalid 'time_zone_offset' value", id="bad-offset"
        ),
        pytest.param({"region": ["x"]}, 400, "Invalid 'region' value", id="bad-region"),
        pytest.param({"config": [1]}, 400, "Invalid 'config' object", id="config-list"),
        pytest.param({"config": {"auth": "KEY"}}, 400, "Invalid 'config' object", id="bad-enum"),
        pytest.param({"config": {"port": "x"}}, 400, "Invalid 'config' object", id="bad-port"),
        pytest.param(
            {"run_setup_tests": "yes"}, 400, "Invalid 'run_setup_tests' value", id="bad-flag"
        ),
        pytest.param(
            {"group_id": "nobody"}, 404, "Destination with id nobody not found", id="no-such-group"
        ),
    ],
)
def test_a_bad_destination_is_refused(api, change, status, message):
    group = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    body = {"group_id": group, "service": "snowflake", "time_zone_offset": "0", **change}

    answer = api.post("/destinations", body)

    assert (answer.status_code, answer.json["message"]) == (status, message)


def test_unknown_settings_are_dropped_and_a_number_may_come_as_text(make):
    config = make(config={**SNOWFLAKE, "port": "444", "colour": "red"}).json["data"]["config"]

    assert config["port"] == "444"
    assert "colour" not in config


@pytest.mark.parametrize("service", kinds())
def test_every_kind_of_destination_can_be_created_and_tested(make, service):
    fields = kinds()[service]
    texts = {name: "x" for name, field in fields.items() if field.type == "string"}
    lists = {name: ["x"] for name, field in fields.items() if field.type == "array"}
    choices = {name: field.enum[0] for name, field in fields.items() if field.enum}

    answer = make(
        service,
        {**texts, **lists, **choices, "region": "x"},
        trust_certificates=True,
        trust_fingerprints=True,
    )

    assert answer.status_code == 201
    assert answer.json["data"]["setup_status"] == "connected"
    assert "x" not in [
        answer.json["data"]["config"].get(name) for name in fields if fields[name].secret
    ]


def test_the_tables_are_those_of_the_definition():
    if not DEFINITION.exists():
        if "CI" in os.environ:
            pytest.fail("The official definition is missing")
        pytest.skip("The official definition is not beside this repository")
    schemas = json.loads(DEFINITION.read_text(encoding="utf-8"))["components"]["schemas"]
    request = schemas["NewDestinationRequest"]["properties"]

    assert sorted(kinds()) == sorted(
        name.removesuffix("_NewDestinationRequest")
        for name in schemas
        if name.endswith("_NewDestinationRequest")
    )
    assert set(REGIONS) == set(request["region"]["enum"])
    assert set(OFFSETS) == set(request["time_zone_offset"]["enum"])
    for service, fields in kinds().items():
        config = schemas[f"{service}_config_V1"]["properties"]["config"].get("properties", {})
        assert list(fields) == list(config)
        for name, field in fields.items():
            assert list(field.enum) == config[name].get("enum", [])
            assert field.secret == (config[name].get("format") == "password")
