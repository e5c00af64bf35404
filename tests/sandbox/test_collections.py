"""Collections of plain state: what they keep, show once, refuse and forget."""

import base64
import json

import pytest

from pbf.sandbox.collections import log_services, private_links, proxy_agents, transformations
from tests.contract.sample_items import upload
from tests.support.requirements import DEFINITION, load_reference

LINK = {
    "name": "link",
    "region": "AWS_US_EAST_1",
    "service": "SOURCE_AWS",
    "config": {"connection_service_name": "com.amazonaws.vpce"},
}
PROJECT = {"dbt_version": "1.9.0", "default_schema": "models", "git_remote_url": "git@example.com"}
QUICKSTART = {"package_name": "fivetran/jira", "excluded_models": ["jira__user_enhanced"]}
SECRET = "do-not-keep"


@pytest.fixture
def project(api, world):
    body = {"group_id": world.group_id, "type": "DBT_CORE", "project_config": PROJECT}
    return api.post("/transformation-projects", body).json["data"]


@pytest.fixture
def quickstart(api):
    body = {"type": "QUICKSTART", "transformation_config": QUICKSTART}
    return api.post("/transformations", body).json["data"]


def schemas():
    return load_reference(DEFINITION)["components"]["schemas"]


def test_a_list_has_pages_and_the_oldest_item_first(api, world):
    names = ["a", "b", "c"]
    for name in names:
        api.post("/private-links", {**LINK, "name": name})

    pages = api.pages("/private-links", 2)

    assert [[item["name"] for item in page] for page in pages] == [["a", "b"], ["c"]]


def test_an_item_is_read_changed_and_deleted(api):
    path = f"/private-links/{api.post('/private-links', LINK).json['data']['id']}"

    changed = api.patch(path, {"config": {"connection_service_name": "other"}})
    read = api.data(path)
    deleted = api.send("DELETE", path)

    assert changed.json["message"] == "Private link has been updated"
    assert read["config"] == {"connection_service_name": "other"}
    assert (read["cloud_provider"], read["name"]) == ("AWS", "link")
    assert deleted.json["message"].endswith("is marked for deletion")
    assert api.get(path).status_code == 404


def test_a_private_link_is_ready_a_minute_after_its_creation(api, world):
    created = api.post("/private-links", LINK).json["data"]
    world.advance(private_links.CREATION_SECONDS)

    assert created["state"] == "CREATING"
    assert api.data(f"/private-links/{created['id']}")["state"] == "OK"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"name": None}, "Field 'name' is required", id="null-is-absent"),
        pytest.param({"name": ""}, "Field 'name' is required", id="empty"),
        pytest.param({"name": 5}, "Invalid 'name' value", id="wrong-type"),
        pytest.param({"region": "MOON"}, "Invalid 'region' value", id="unknown-region"),
        pytest.param({"service": "MOON"}, "Invalid 'service' value", id="unknown-service"),
        pytest.param({"config": 5}, "Invalid 'config' object", id="no-object"),
        pytest.param(
            {"config": {}}, "Field 'connection_service_name' is required", id="missing-setting"
        ),
    ],
)
def test_a_wrong_body_is_refused_and_nothing_is_created(api, change, message):
    answer = api.post("/private-links", {**LINK, **change})

    assert (answer.status_code, answer.json) == (400, {"code": "InvalidInput", "message": message})
    assert api.data("/private-links") == {"items": []}


def test_a_log_service_has_the_id_of_its_group_and_masks_its_secrets(api, world):
    config = {"host": "logs.example.com", "port": 8088, "token": SECRET, "enable_ssl": "true"}
    body = {"group_id": world.group_id, "service": "splunkLog", "config": {**config, "odd": 1}}

    created = api.post("/external-logging", body)
    again = api.post("/external-logging", body)
    listed = api.data("/external-logging")["items"]

    assert created.json["data"]["id"] == world.group_id
    assert created.json["data"]["config"] == {**config, "token": "******", "enable_ssl": True}
    assert "setup_tests" not in created.json["data"]
    assert (again.status_code, again.json["code"]) == (409, "Conflict")
    assert [set(item) for item in listed] == [{"id", "service", "enabled", "status"}]
    assert SECRET not in world.snapshot().decode()


def test_an_unlisted_choice_in_a_config_is_kept_and_a_null_clears_it(api, world):
    config = {"region": "MARS1", "hostname": "h"}
    body = {"group_id": world.group_id, "service": "datadog_log", "config": config}
    path = f"/external-logging/{api.post('/external-logging', body).json['data']['id']}"

    kept = api.data(path)["config"]
    cleared = api.patch(path, {"config": {"region": None}, "enabled": "false"}).json["data"]

    assert kept == config
    assert cleared["config"] == {"hostname": "h"}
    assert cleared["enabled"] is False


def test_setup_tests_of_a_log_service_fail_without_settings(api):
    path = "/external-logging/account"
    created = api.post(path, {"service": "cloudwatch", "run_setup_tests": True}).json["data"]
    api.patch(path, {"config": {"role_arn": "arn"}})
    tested = api.post(f"{path}/test").json["data"]["setup_tests"]

    assert [test["status"] for test in created["setup_tests"]] == ["FAILED"]
    assert created["status"]["setup_state"] == "broken"
    assert created["status"]["tasks"][0]["code"] == "reconnect_log"
    assert [test["status"] for test in tested] == ["PASSED"]
    assert api.data(path)["status"] == {"setup_state": "connected", "tasks": []}
    assert api.send("DELETE", path).status_code == 200
    assert api.get(path).json["code"] == "NotFound_LogService"


def test_the_secrets_of_a_proxy_agent_are_shown_once_and_replaced(api, world):
    body = {"display_name": "agent", "group_region": "GCP_US_EAST4"}
    created = api.post("/proxy", body)
    path = f"/proxy/{created.json['data']['agent_id']}"

    regenerated = api.post(f"{path}/regenerate-secrets")
    again = api.post("/proxy", body)

    secrets = ("auth_token", "client_cert", "client_private_key")
    shown = [answer.json["data"][name] for answer in (created, regenerated) for name in secrets]
    assert len(set(shown)) == 6
    assert (created.status_code, created.json["code"]) == (201, "Created")
    assert not set(api.data(path)) & set(secrets)
    assert not any(secret in world.snapshot().decode() for secret in shown)
    assert again.json == {
        "code": "Conflict",
        "message": "Proxy agent with same name already exists.",
    }
    assert api.get("/proxy/nobody").json["message"] == "Proxy Agent not found."


def test_a_proxy_agent_that_a_connection_uses_cannot_be_deleted(api, seeded):
    body = {"display_name": "agent", "group_region": "GCP_US_EAST4"}
    path = f"/proxy/{api.post('/proxy', body).json['data']['agent_id']}"
    shop = seeded("webshop")["id"]
    api.patch(f"/connections/{shop}", {"proxy_agent_id": path.rpartition("/")[2]})

    refused = api.send("DELETE", path)

    assert api.data(f"{path}/connections") == {"items": [{"connection_id": shop}]}
    assert api.data("/proxy")["items"][0]["connector_count"] == 1
    assert [user["id"] for user in api.data(path)["usage"]] == [shop]
    assert (refused.status_code, refused.json["code"]) == (409, "Conflict")
    api.send("DELETE", f"/connections/{shop}")
    assert api.send("DELETE", path).status_code == 200


def test_a_hybrid_agent_has_a_token_or_files_and_goes_with_its_group(api, world):
    group = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    body = {"group_id": group, "display_name": "agent", "env_type": "DOCKER", "accept_terms": True}
    refused = api.post("/hybrid-deployment-agents", {**body, "accept_terms": False})
    created = api.post("/hybrid-deployment-agents", body).json["data"]
    path = f"/hybrid-deployment-agents/{created['id']}"
    world.advance(60)

    renewed = api.patch(f"{path}/re-auth", {"auth_type": "MANUAL"}).json["data"]
    reset = api.post(f"{path}/reset-credentials").json

    assert refused.status_code == 400
    assert created["token"]
    assert "files" not in created
    files = {name: base64.b64decode(text) for name, text in renewed["files"].items()}
    assert json.loads(files["config_json"]) == {"controller_id": created["id"]}
    assert renewed["updated_at"] > created["updated_at"]
    assert reset["message"].endswith(f"with id = {created['id']}")
    assert "token" not in api.data(path)
    assert api.data("/hybrid-deployment-agents", groupId=world.group_id) == {"items": []}
    assert len(api.data("/hybrid-deployment-agents", groupId=group)["items"]) == 1
    api.send("DELETE", f"/groups/{group}")
    assert api.get(path).json["code"] == "NotFound_RemoteExecutionAgent"


def test_a_secrets_manager_masks_secrets_and_lists_what_uses_it(api, seeded, world):
    settings = {"vault_url": "https://vault.example.com", "access": {"client_secret": SECRET}}
    body = {"type": "HASHICORP_VAULT", "name": "vault", "config": {**settings, "token": SECRET}}
    created = api.post("/external-secrets-managers", body)
    again = api.post("/external-secrets-managers", body)
    manager, shop = created.json["data"]["id"], seeded("webshop")["id"]
    use = {"external_secrets_manager_id": manager}
    api.patch(f"/connections/{shop}", use)
    api.patch(f"/destinations/{world.group_id}", {**use, "time_zone_offset": "0"})

    path = f"/external-secrets-managers/{manager}"
    refused = api.send("DELETE", path)

    config = created.json["data"]["config"]
    assert (config["token"], config["access"]) == ("******", {"client_secret": "******"})
    assert SECRET not in world.snapshot().decode()
    assert again.status_code == 409
    assert [item["id"] for item in api.data(f"{path}/entities")["items"]] == [shop, world.group_id]
    everywhere = "/external-secrets-managers-entities"
    assert api.data(everywhere, esm_id="nobody") == {"items": []}
    assert len(api.data(everywhere, type="source", esm_id=manager)["items"]) == 1
    assert refused.json["message"].endswith("used by 1 connection(s) and 1 destination(s).")
    assert api.patch(path, {}).json == {
        "code": "BadRequest",
        "message": "ESM config is required.",
    }


def test_a_package_is_uploaded_downloaded_and_kept_while_a_connection_runs_it(api, create):
    sent = upload()
    content = sent["data"]["file"][0].getvalue()
    created = api.send("POST", "/connector-sdk/packages", **sent).json["data"]
    path = f"/connector-sdk/packages/{created['id']}"
    downloaded = api.send("GET", f"{path}/download", headers={"Accept": "application/octet-stream"})
    config = {"schema": "own", "package_id": created["id"]}
    connection = create("connector_sdk", config)["id"]

    assert created["connection_id"] is None
    assert downloaded.data == content
    assert api.data(path)["connection_id"] == connection
    assert api.send("DELETE", path).status_code == 403
    assert api.send("PATCH", path, **upload()).status_code == 200
    api.send("DELETE", f"/connections/{connection}")
    assert api.send("DELETE", path).json["message"] == "Package deleted successfully"


def test_what_is_no_uploaded_zip_file_is_refused(api):
    cut = upload()
    cut["data"]["file"][0].truncate(10)
    missing = {"data": {"other": "1"}, "content_type": "multipart/form-data"}

    answers = [
        api.send("POST", "/connector-sdk/packages", **options)
        for options in ({"json": {}}, missing, cut)
    ]

    assert [answer.status_code for answer in answers] == [415, 400, 400]
    assert api.data("/connector-sdk/packages") == {"items": []}


def test_a_project_is_ready_when_its_tests_have_run(api, project):
    path = f"/transformation-projects/{project['id']}"
    api.patch(path, {"project_config": {"threads": 8, "dbt_version": "2.0.0"}})

    tested = api.post(f"{path}/test").json["data"]

    assert (project["status"], tested["status"]) == ("NOT_READY", "READY")
    assert {test["status"] for test in tested["setup_tests"]} == {"PASSED"}
    config = api.data(path)["project_config"]
    assert (config["threads"], config["dbt_version"]) == (8, "1.9.0")
    assert config["public_key"].startswith("ssh-rsa ")


def test_a_run_of_a_transformation_ends_by_the_clock(api, quickstart, world):
    path = f"/transformations/{quickstart['id']}"
    started = api.post(f"{path}/run", {"full_refresh": True})
    running = api.data(path)
    world.advance(transformations.RUN_SECONDS)
    ended = api.data(path)

    assert (quickstart["status"], "last_started_at" in quickstart) == ("NEW", False)
    assert started.json["message"].endswith("has been started")
    assert (running["status"], "last_ended_at" in running) == ("RUNNING", False)
    assert ended["status"] == "SUCCEEDED"
    assert ended["last_started_at"] == "2026-11-20T12:00:00.000000Z"
    assert ended["last_ended_at"] == "2026-11-20T12:01:00.000000Z"


def test_a_canceled_run_stays_canceled_until_the_next_one(api, quickstart, world):
    path = f"/transformations/{quickstart['id']}"
    api.post(f"{path}/run")
    world.advance(5)
    api.post(f"{path}/cancel")
    world.advance(transformations.RUN_SECONDS)
    canceled = api.data(path)
    api.post(f"{path}/cancel")
    api.post(f"{path}/run")

    assert (canceled["status"], canceled["last_ended_at"][11:19]) == ("CANCELED", "12:00:05")
    assert api.data(path)["status"] == "RUNNING"


def test_transformations_are_listed_by_type_project_and_group(api, project, quickstart, world):
    steps = [{"name": "run", "command": "dbt run"}]
    config = {"project_id": project["id"], "name": "models", "steps": steps}
    dbt = api.post("/transformations", {"type": "DBT_CORE", "transformation_config": config})

    def ids(**query):
        return [item["id"] for item in api.data("/transformations", **query)["items"]]

    dbt_id = dbt.json["data"]["id"]
    assert ids() == [quickstart["id"], dbt_id]
    assert ids(type="QUICKSTART") == [quickstart["id"]]
    assert ids(project_id=project["id"]) == ids(group_id=world.group_id) == [dbt_id]
    assert ids(group_id="nobody") == []


def test_a_quickstart_transformation_has_the_models_of_its_package(api, quickstart):
    models = quickstart["output_model_names"]
    package = api.data("/transformations/package-metadata", service="jira")["items"][0]

    assert "jira__user_enhanced" in package["output_model_names"]
    assert set(package["output_model_names"]) - set(models) == {"jira__user_enhanced"}
    assert api.data(f"/transformations/package-metadata/{package['id']}") == package
    assert api.post(f"/transformations/{quickstart['id']}/upgrade").status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param({"type": "OTHER"}, 400, id="unknown-type"),
        pytest.param({"transformation_config": {}}, 400, id="no-package"),
        pytest.param({"transformation_config": {"package_name": "no/such"}}, 400, id="package"),
        pytest.param({"schedule": {"schedule_type": "NEVER"}}, 400, id="schedule"),
        pytest.param(
            {"schedule": {"schedule_type": "CRON", "connection_ids": ["a", "a"]}}, 400, id="twice"
        ),
        pytest.param(
            {"transformation_config": {**QUICKSTART, "connection_ids": ["nobody"]}},
            404,
            id="unknown-connection",
        ),
    ],
)
def test_a_wrong_transformation_is_refused(api, change, status):
    body = {"type": "QUICKSTART", "transformation_config": QUICKSTART, **change}

    assert api.post("/transformations", body).status_code == status
    assert api.data("/transformations") == {"items": []}


def test_a_hub_gets_a_token_that_is_not_kept(api, world):
    body = {"fingerprint": "f", "hub_server_url": "https://hub.example.com"}

    first, second = (api.post("/hvr/register-hub", body).json["data"] for _ in range(2))

    assert first["registration_id"] != second["registration_id"]
    assert first["access_token"] not in world.snapshot().decode()
    assert api.post("/hvr/register-hub", {}).status_code == 400


def test_a_reset_forgets_every_collection(api, world, project, quickstart):
    world.reset()

    assert world.collections == {}
    assert api.data("/transformations") == {"items": []}


def test_the_kinds_and_their_settings_are_those_of_the_definition():
    published = schemas()

    logs = published["AddLogRequest"]["discriminator"]["mapping"]
    assert set(log_services.kinds()) == set(logs)
    for name, fields in log_services.kinds().items():
        settings = published[f"{name}_config_V1"]["properties"]["config"]["properties"]
        assert set(fields) == set(settings)
        secret = {key for key, value in settings.items() if value.get("format") == "password"}
        assert {key for key, field in fields.items() if field.secret} == secret
    links = published["PrivateLinkCreateRequest"]
    assert set(private_links.SETTINGS) == set(links["discriminator"]["mapping"])
    for name, required in private_links.SETTINGS.items():
        schema = published[f"{name.lower()}_private_link_config_V1"]["properties"]["config"]
        assert set(required) == set(schema["required"])
        optional = set(private_links.OPTIONAL.get(name, ()))
        assert set(schema["properties"]) == set(required) | optional
    assert set(private_links.REGIONS) == set(links["properties"]["region"]["enum"])
    regions = published["ProxyParamRequest"]["properties"]["group_region"]["enum"]
    assert set(proxy_agents.REGIONS) == set(regions)


def test_a_key_for_one_group_sees_the_transformations_of_that_group_alone(api, client, world):
    other = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    created = {}
    for group in (world.group_id, other):
        body = {"group_id": group, "type": "DBT_CORE", "project_config": PROJECT}
        project = api.post("/transformation-projects", body).json["data"]["id"]
        config = {"project_id": project, "name": "m", "steps": [{"name": "r", "command": "dbt"}]}
        body = {"type": "DBT_CORE", "transformation_config": config}
        created[group] = (project, api.post("/transformations", body).json["data"]["id"])
    permission = {
        "resource_type": "TRANSFORMATION",
        "access_level": "READ",
        "resource_filter": {"group_ids": [other]},
    }
    key = {"name": "one", "expiration_period": "ONE_MONTH", "permissions": [permission]}
    pair = api.post("/system-keys", key).json["data"]
    auth = (pair["key"], pair["secret"])

    paths = ("/v1/transformation-projects", "/v1/transformations")
    seen = [client.get(path, auth=auth).json["data"]["items"] for path in paths]

    assert [[item["id"] for item in items] for items in seen] == [[name] for name in created[other]]
    for path, own, foreign in zip(paths, created[other], created[world.group_id], strict=True):
        assert client.get(f"{path}/{own}", auth=auth).status_code == 200
        assert client.get(f"{path}/{foreign}", auth=auth).status_code in (403, 404)
