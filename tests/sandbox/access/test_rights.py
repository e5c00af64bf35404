"""What a request with a system key may see and change."""

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.records import Permission
from pbf.sandbox.resources.access.rights import LimitedRights, Thing
from pbf.sandbox.routes.access.authorisation import KINDS
from tests.sandbox.access.conftest import permission, status_and_code
from tests.support.requirements import DEFINITION, load_reference


def test_a_key_says_which_it_is_and_when_it_was_used(api, world, with_key):
    holder = with_key(permission("USER", "READ"))
    [key_id] = world.system_keys
    world.advance(60)

    account = holder.data("/account/info")

    assert (account["system_key_id"], "user_id" in account) == (key_id, False)
    assert api.data(f"/system-keys/{key_id}")["last_used_at"] == stamp(world.clock())
    assert api.data("/account/info")["user_id"] == world.owner_id


def test_a_key_for_one_group_sees_that_group_alone(api, world, acme, with_key):
    holder = with_key(
        permission("DESTINATION", "READ", ids=[acme]),
        permission("CONNECTOR", "MANAGE", group_ids=[acme]),
    )
    other = next(iter(world.connections))
    body = {"service": "hubspot", "config": {"schema": "crm"}, "run_setup_tests": False}

    own = holder.post("/connections", {"group_id": acme, **body})

    assert [group["id"] for group in holder.data("/groups")["items"]] == [acme]
    assert [item["id"] for item in holder.data("/destinations")["items"]] == [acme]
    assert status_and_code(holder.get(f"/groups/{world.group_id}")) == (404, "NotFound_Group")
    hidden = holder.get(f"/destinations/{world.group_id}")
    assert status_and_code(hidden) == (404, "NotFound_Destination")
    assert (own.status_code, own.json["data"]["connected_by"]) == (201, None)
    listed = holder.data("/connections")["items"]
    assert [item["id"] for item in listed] == [own.json["data"]["id"]]
    assert holder.data(f"/groups/{world.group_id}/connections")["items"] == []
    assert len(holder.data(f"/groups/{acme}/connections")["items"]) == 1
    for path in (f"/connections/{other}", f"/connectors/{other}/schemas"):
        assert holder.get(path).json["code"] in ("NotFound_Connection", "NotFound_Connector")
    assert holder.post(f"/connections/{other}/sync", {}).status_code == 404
    elsewhere = holder.post("/connections", {"group_id": world.group_id, **body})
    assert status_and_code(elsewhere) == (403, "Forbidden")
    assert holder.send("DELETE", f"/connections/{listed[0]['id']}").status_code == 200


def test_a_hidden_connection_answers_exactly_like_a_missing_one(world, acme, with_key):
    holder = with_key(permission("CONNECTOR", "READ", group_ids=[acme]))
    hidden = next(iter(world.connections))

    answers = [holder.get(f"/connections/{id}").text for id in (hidden, "nobody")]

    assert answers[0].replace(hidden, "nobody") == answers[1]


def test_a_key_sees_only_the_kinds_that_it_names(world, with_key):
    holder = with_key(permission("USER", "READ"), permission("DESTINATION", "NONE"))
    refused = (
        *("/teams", "/roles", "/webhooks", "/connections", "/groups", "/destinations"),
        *(f"/groups/{world.group_id}", "/metadata/connector-types", "/transformations", "/proxy"),
    )

    assert holder.get("/users").status_code == 200
    assert holder.post("/users", {}).status_code == 403
    assert {path: holder.get(path).status_code for path in refused} == dict.fromkeys(refused, 403)
    assert "GET /v1/teams" in holder.get("/teams").json["message"]


def test_reading_does_not_allow_changing(world, seeded, with_key):
    holder = with_key(permission("CONNECTOR", "READ"), permission("DESTINATION", "READ"))
    path = f"/connections/{seeded('stripe_payments')['id']}"

    assert holder.get(path).status_code == 200
    for method, end in (("PATCH", ""), ("DELETE", ""), ("POST", "/sync"), ("POST", "/test")):
        assert holder.send(method, f"{path}{end}", json={}).status_code == 403
    assert holder.post("/groups", {"name": "acme"}).status_code == 403
    assert len(world.connections) == 12


def test_a_legacy_path_has_the_same_rights(world, seeded, acme, with_key):
    path = f"/connectors/{seeded('stripe_payments')['id']}"
    reader = with_key(permission("CONNECTOR", "READ"))
    elsewhere = with_key(permission("CONNECTOR", "MANAGE", group_ids=[acme]))

    for end in ("/force", "/connect-card-token"):
        assert reader.post(f"{path}{end}", {}).status_code == 403
        assert elsewhere.post(f"{path}{end}", {}).json["code"] == "NotFound_Connector"


def test_a_group_in_the_body_opens_nothing_that_exists(acme, with_key):
    holder = with_key(permission("DESTINATION", "MANAGE", ids=[acme]))

    answer = holder.post("/external-logging/some/test", {"group_id": acme})

    assert status_and_code(answer) == (403, "Forbidden")


def test_every_operation_of_the_definition_is_of_a_kind():
    segments = {
        path.split("/")[2] for path in load_reference(DEFINITION)["paths"] if "/v1/" in path
    }

    assert segments - set(KINDS) == {"account", "system-keys"}


def test_the_most_specific_permission_counts(world, seeded, with_key):
    hidden, own = seeded("stripe_payments")["id"], seeded("salesforce_crm")["id"]
    holder = with_key(
        permission("CONNECTOR", "READ"),
        permission("CONNECTOR", "NONE", ids=[hidden]),
        permission("CONNECTOR", "MANAGE", ids=[own]),
    )

    assert holder.get(f"/connections/{hidden}").status_code == 404
    assert len(holder.data("/connections")["items"]) == 11
    assert holder.patch(f"/connections/{own}", {"paused": True}).status_code == 200
    other = seeded("webshop")["id"]
    assert holder.patch(f"/connections/{other}", {"paused": True}).status_code == 403


def test_ids_override_groups_and_groups_override_the_rest():
    key = LimitedRights(
        [
            Permission("CONNECTOR", "MANAGE"),
            Permission("CONNECTOR", "NONE", group_ids=("g",)),
            Permission("CONNECTOR", "READ", ids=("c",)),
        ],
        override=True,
    )

    assert key.allow("delete", Thing("CONNECTOR", "x", "other"))
    assert not key.allow("read", Thing("CONNECTOR", "x", "g"))
    assert key.allow("read", Thing("CONNECTOR", "c", "g"))
    assert not key.allow("change", Thing("CONNECTOR", "c", "g"))


def test_new_permissions_count_at_once(api, world, with_key):
    holder = with_key(permission("USER", "READ"))
    [key_id] = world.system_keys

    api.patch(f"/system-keys/{key_id}", {"permissions": [permission("TEAM", "MANAGE")]})

    assert holder.get("/users").status_code == 403
    assert holder.post("/teams", {"name": "data"}).status_code == 201


def test_no_system_key_manages_system_keys(world, with_key):
    holder = with_key(*(permission(kind, "MANAGE") for kind in ("ACCOUNT", "USER", "CONNECTOR")))
    [key_id] = world.system_keys

    assert status_and_code(holder.get("/system-keys")) == (403, "Forbidden")
    assert status_and_code(holder.post(f"/system-keys/{key_id}/rotate", {})) == (403, "Forbidden")


def test_a_request_of_a_system_key_counts_against_the_limits(world, with_key):
    holder = with_key(permission("USER", "READ"))
    before = world.limits.left(world.clock())

    answer = holder.get("/users")

    assert int(answer.headers["X-Rate-Limit-Remaining"]) == before - 1
