"""The rest of the definition: users, groups' keys, and the legacy paths."""

import base64
import re

import pytest

from pbf.sandbox.app import create_app
from tests.support.requirements import DEFINITION, load_reference

METHODS = ("get", "post", "patch", "put", "delete")
GUEST = {"email": "kim@example.com", "given_name": "Kim", "family_name": "Stone"}


def operations():
    """Every method and path of the official definition."""
    paths = load_reference(DEFINITION)["paths"]
    return {
        (method.upper(), _plain(path))
        for path in paths
        for method in paths[path]
        if method in METHODS
    }


def _plain(path):
    return re.sub(r"[<{][^>}]*[>}]", "{}", path)


def test_every_operation_of_the_definition_is_answered(world):
    routed = {
        (method, _plain(rule.rule))
        for rule in create_app(world).url_map.iter_rules()
        for method in rule.methods
    }

    assert operations() - routed == set()


def test_an_item_of_an_empty_collection_is_not_found(api):
    read = api.get("/private-links/nobody")
    deleted = api.send("DELETE", "/external-logging/nobody")

    assert (read.status_code, read.json["code"]) == (404, "NotFound_PrivateLink")
    assert (deleted.status_code, deleted.json["code"]) == (404, "NotFound_LogService")
    assert "nobody" in deleted.json["message"]


def test_a_user_is_invited_updated_and_removed(api):
    created = api.post("/users", {**GUEST, "role": "Account Reviewer", "phone": "+1 555"})
    path = f"/users/{created.json['data']['id']}"
    changed = api.patch(path, {"given_name": "Kimberly", "role": "Account Analyst"})
    read = api.data(path)
    removed = api.send("DELETE", path)

    assert (created.status_code, created.json["message"]) == (201, "User has been created")
    guest = created.json["data"]
    assert (guest["email"], guest["phone"], guest["invited"]) == (GUEST["email"], "+1 555", True)
    assert (guest["verified"], guest["logged_in_at"]) == (False, None)
    assert changed.json["message"] == "User has been updated"
    assert (read["given_name"], read["role"]) == ("Kimberly", "Account Analyst")
    assert removed.json["message"] == f"User with id '{read['id']}' has been deleted"
    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        pytest.param({"email": None}, 400, "InvalidInput", id="no-email"),
        pytest.param({"email": "nobody"}, 400, "InvalidInput", id="bad-email"),
        pytest.param({"family_name": ""}, 400, "InvalidInput", id="no-name"),
        pytest.param({"role": "King"}, 400, "InvalidInput", id="unknown-role"),
        pytest.param({"phone": 5}, 400, "InvalidInput", id="bad-phone"),
        pytest.param({"email": "robin@example.com"}, 409, "Conflict", id="taken"),
    ],
)
def test_a_bad_invitation_is_refused(api, change, status, code):
    answer = api.post("/users", {**GUEST, **change})

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_the_owner_of_the_key_cannot_be_deleted(api, world):
    answer = api.send("DELETE", f"/users/{world.owner_id}")

    assert (answer.status_code, answer.json["code"]) == (403, "Forbidden")


def test_all_users_are_active(api):
    active = api.data("/users", active="true")["items"]

    assert [user["email"] for user in active] == ["robin@example.com", "sam@example.com"]
    assert api.data("/users", active="false")["items"] == []
    assert api.get("/users", active="perhaps").status_code == 400


def test_a_group_starts_with_its_creator_and_accepts_others(api, world):
    group = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    path = f"/groups/{group}/users"
    before = api.data(path)["items"]

    added = api.post(path, {"email": "sam@example.com", "role": "View Destination"})
    twice = api.post(path, {"email": "sam@example.com", "role": "View Destination"})
    sam = api.data(path)["items"][1]
    of_account = [user["role"] for user in before if user["email"] == "sam@example.com"]
    of_sam = api.data(f"/users/{sam['id']}/groups")["items"]
    removed = api.send("DELETE", f"{path}/{sam['id']}")

    assert [user["id"] for user in before] == [world.owner_id, sam["id"]]
    assert of_account == [""]
    assert before[0]["role"] == "Destination Administrator"
    assert (added.status_code, added.json["message"]) == (200, "User has been added to the group")
    assert (twice.status_code, twice.json["code"]) == (409, "Conflict")
    assert (sam["email"], sam["role"]) == ("sam@example.com", "View Destination")
    assert [(membership["id"], membership["role"]) for membership in of_sam] == [
        (group, "View Destination")
    ]
    assert removed.json["message"] == f"User with id '{sam['id']}' has been removed from the group"
    assert api.data(path)["items"] == before
    assert api.send("DELETE", f"{path}/{sam['id']}").json["code"] == "NotFound"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"role": "View Destination"}, 400, "InvalidInput", id="no-email"),
        pytest.param({"email": "sam@example.com"}, 400, "InvalidInput", id="no-role"),
        pytest.param(
            {"email": "sam@example.com", "role": "Account Analyst"}, 400, "InvalidInput", id="role"
        ),
        pytest.param(
            {"email": "no@example.com", "role": "View Destination"}, 404, "NotFound", id="who"
        ),
    ],
)
def test_a_bad_addition_to_a_group_is_refused(api, world, body, status, code):
    answer = api.post(f"/groups/{world.group_id}/users", body)

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_deleted_user_leaves_the_groups(api, world):
    sam = api.data("/users")["items"][1]["id"]
    path = f"/groups/{world.group_id}/users"
    api.post(path, {"email": "sam@example.com", "role": "View Destination"})

    api.send("DELETE", f"/users/{sam}")

    assert [user["id"] for user in api.data(path)["items"]] == [world.owner_id]
    assert api.get(f"/users/{sam}/groups").json["code"] == "NotFound"


def test_a_deprecated_role_names_its_successor(api):
    roles = {role["name"]: role for role in api.data("/roles")["items"]}

    assert roles["Destination Administrator"]["is_deprecated"] is True
    assert roles["Destination Administrator"]["replacement_role_name"] in roles
    assert roles["Account Administrator"]["scope"] == ["ACCOUNT"]
    assert roles["Account Administrator"]["is_deprecated"] is False


def test_a_groups_key_and_service_account_are_unique_and_stable(api, world):
    second_group = world.add_group("acme").id
    keys = [
        api.data(f"/groups/{group}/public-key")["public_key"]
        for group in (world.group_id, second_group, world.group_id)
    ]

    account = api.data(f"/groups/{world.group_id}/service-account")["service_account"]

    kind, encoded, comment = keys[0].split(" ", 2)
    assert (kind, comment) == ("ssh-rsa", "fivetran user key")
    assert base64.b64decode(encoded).startswith(b"\x00\x00\x00\x07ssh-rsa")
    assert keys[0] == keys[2] != keys[1]
    assert account == "g-sandy-harbour@fivetran-production.iam.gserviceaccount.com"


@pytest.mark.parametrize("name", ["", "Acme Corp", "1st", "a-b", "x" * 256, 7, None])
def test_a_group_needs_a_legal_name(api, world, name):
    created = api.post("/groups", {"name": name})
    renamed = api.patch(f"/groups/{world.group_id}", {"name": name})

    assert (created.status_code, created.json["code"]) == (400, "InvalidInput")
    assert (renamed.status_code, renamed.json["code"]) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("legacy", "current"),
    [
        ("/connectors", "/connections"),
        ("/connectors/", "/connections"),
        ("/connectors/{id}", "/connections/{id}"),
        ("/connectors/{id}/schemas", "/connections/{id}/schemas"),
        ("/connectors/{id}/state", "/connections/{id}/state"),
        ("/metadata/connectors", "/metadata/connector-types"),
        ("/metadata/connectors/hubspot", "/metadata/connector-types/hubspot"),
        ("/groups/{group}/connectors", "/groups/{group}/connections"),
        ("/users/{user}/connectors", "/users/{user}/connections"),
    ],
)
def test_a_legacy_path_answers_like_the_current_one(api, world, seeded, legacy, current):
    names = {"id": seeded("webshop")["id"], "group": world.group_id, "user": world.owner_id}

    before, now = api.get(legacy.format(**names)), api.get(current.format(**names))

    assert before.status_code == now.status_code
    assert before.json.get("data") == now.json.get("data")
    assert before.json["message"].replace("onnector", "onnection") == now.json["message"].replace(
        "onnector", "onnection"
    )


def test_the_legacy_paths_say_connector(api, seeded):
    path = f"/connectors/{seeded('webshop')['id']}"

    assert api.get("/connectors").json["message"] == "Connectors list retrieved successfully"
    assert api.get(path).json["message"] == "Connector details retrieved successfully"
    assert api.post(f"{path}/force").json["message"].startswith("Sync has been successfully")
    assert api.get("/connectors/nobody").json["code"] == "NotFound_Connector"
    assert api.get("/connections/nobody").json["code"] == "NotFound_Connection"


def test_only_the_legacy_path_has_a_card_token(api, seeded):
    connection = seeded("webshop")["id"]

    assert api.post(f"/connections/{connection}/connect-card-token").status_code == 404
    assert api.get("/connectorsandmore").status_code == 404
