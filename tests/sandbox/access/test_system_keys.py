"""System keys: their life, and what a request with one may see and change."""

from datetime import UTC, datetime

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.records import Permission
from pbf.sandbox.resources.access.rights import LimitedRights, Thing
from pbf.sandbox.resources.access.system_keys import _end
from pbf.sandbox.routes.access.authorisation import KINDS
from pbf.sandbox.sandbox import Sandbox
from tests.sandbox.conftest import START, Api
from tests.support.requirements import DEFINITION, load_reference

WEEK = 7 * 86400.0


def permission(kind, level, **limits):
    filters = {"resource_filter": limits} if limits else {}
    return {"resource_type": kind, "access_level": level, **filters}


@pytest.fixture
def make_key(api):
    """Create a system key with permissions and return its data."""

    def make(*permissions, **fields):
        body = {"name": "vendor", "permissions": list(permissions), **fields}
        answer = api.post("/system-keys", body)
        assert answer.status_code == 201, answer.json
        return answer.json["data"]

    return make


@pytest.fixture
def with_key(client, world, make_key):
    """Return a client with a new system key that has permissions."""

    def with_key(*permissions, **fields):
        key = make_key(*permissions, **fields)
        holder = Api(client, world)
        holder.auth = (key["key"], key["secret"])
        return holder

    return with_key


@pytest.fixture
def acme(api):
    """The id of a second group."""
    return api.post("/groups", {"name": "acme"}).json["data"]["id"]


def status_and_code(answer):
    return answer.status_code, answer.json["code"]


def test_a_system_key_is_created_renamed_listed_and_deleted(api, world):
    rule = permission("CONNECTOR", "READ", group_ids=[world.group_id])
    body = {"name": "vendor", "expiration_period": "ONE_WEEK", "permissions": [rule]}

    created = api.post("/system-keys", body)
    key = created.json["data"]
    path = f"/system-keys/{key['id']}"
    changed = api.patch(path, {"name": "vendor_2"})
    read, [item] = api.data(path), api.data("/system-keys")["items"]
    deleted = api.send("DELETE", path)

    assert (created.status_code, created.json["message"]) == (201, "System key has been created")
    assert key["permissions"] == [rule]
    assert key["created_at"] == stamp(world.clock())
    assert key["expired_at"] == stamp(world.clock() + WEEK)
    assert changed.json["message"] == "System key has been updated"
    assert (read["name"], read["key"], read["permissions"]) == ("vendor_2", key["key"], [rule])
    assert (item["id"], item["key"], "permissions" in item) == (key["id"], key["key"], False)
    assert deleted.json["message"] == f"System key with id '{key['id']}' has been deleted"
    assert status_and_code(api.get(path)) == (404, "NotFound_SystemKey")


def test_the_secret_is_shown_once_and_stored_nowhere(api, world, make_key):
    key = make_key(permission("USER", "READ"))
    path = f"/system-keys/{key['id']}"

    texts = [api.get(path).text, api.get("/system-keys").text, api.patch(path, {}).text]
    texts += [world.snapshot().decode(), repr(vars(world))]

    assert len(key["secret"]) >= 32
    assert not [text for text in texts if key["secret"] in text]


def test_rotation_replaces_the_secret_and_the_end(api, world, client, with_key):
    holder = with_key(permission("USER", "READ"), expiration_period="ONE_WEEK")
    [key_id] = world.system_keys
    world.advance(86400)

    rotated = api.post(f"/system-keys/{key_id}/rotate", {"expiration_period": "ONE_WEEK"})
    old, data = holder.get("/users"), rotated.json["data"]
    holder.auth = (data["key"], data["secret"])

    assert rotated.json["message"] == f"System key with id '{key_id}' has been rotated"
    assert data["expired_at"] == stamp(world.clock() + WEEK)
    assert old.status_code == 401
    assert holder.get("/users").status_code == 200


def test_a_key_without_a_period_never_expires(make_key):
    assert "expired_at" not in make_key(permission("USER", "READ"))


def test_an_expired_key_is_refused_like_an_unknown_one(world, with_key):
    holder = with_key(permission("USER", "READ"), expiration_period="ONE_WEEK")
    world.advance(WEEK - 1)
    before = holder.get("/users")
    world.advance(1)
    after = holder.get("/users")

    assert before.status_code == 200
    assert status_and_code(after) == (401, "AuthFailed")
    assert after.json["message"] == "Invalid authorization credentials"


@pytest.mark.parametrize(
    ("start", "period", "end"),
    [
        ("2026-01-31T10:00", "ONE_MONTH", "2026-02-28T10:00"),
        ("2026-11-30T10:00", "THREE_MONTHS", "2027-02-28T10:00"),
        ("2026-08-15T10:00", "SIX_MONTHS", "2027-02-15T10:00"),
        ("2026-12-31T10:00", "ONE_WEEK", "2027-01-07T10:00"),
    ],
)
def test_a_period_of_months_ends_on_the_same_day_or_the_last(start, period, end):
    begins, ends = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))

    assert _end(begins.timestamp(), period) == ends.timestamp()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"name": None}, id="no-name"),
        pytest.param({"name": "1st"}, id="name-with-digit-first"),
        pytest.param({"name": "a b"}, id="name-with-space"),
        pytest.param({"permissions": None}, id="no-permissions"),
        pytest.param({"permissions": {}}, id="permissions-not-a-list"),
        pytest.param({"permissions": ["x"]}, id="text-as-permission"),
        pytest.param({"permissions": [{"resource_type": "USER"}]}, id="no-level"),
        pytest.param({"permissions": [permission("KING", "READ")]}, id="unknown-kind"),
        pytest.param({"permissions": [permission("USER", "EDIT")]}, id="unknown-level"),
        pytest.param({"permissions": [permission("USER", "READ", ids=["a"])]}, id="ids-of-users"),
        pytest.param(
            {"permissions": [permission("DESTINATION", "READ", group_ids=["a"])]},
            id="groups-of-destinations",
        ),
        pytest.param({"permissions": [permission("CONNECTOR", "READ", ids=[5])]}, id="number"),
        pytest.param({"expiration_period": "ONE_YEAR"}, id="unknown-period"),
    ],
)
def test_an_invalid_system_key_is_refused(api, world, change):
    body = {"name": "vendor", "permissions": [permission("USER", "READ")], **change}

    assert status_and_code(api.post("/system-keys", body)) == (400, "InvalidInput")
    assert world.system_keys == {}


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


def test_the_same_seed_gives_the_same_keys():
    def secrets(seed):
        world = Sandbox(seed=seed, clock=lambda: START)
        api = Api(create_app(world).test_client(), world)
        body = {"name": "vendor", "permissions": []}
        made = [api.post("/system-keys", body).json["data"] for _ in range(2)]
        return [(key["id"], key["key"], key["secret"]) for key in made], world.snapshot()

    assert secrets(1) == secrets(1)
    assert len({text for key in (*secrets(1)[0], *secrets(2)[0]) for text in key[1:]}) == 8


def test_what_no_source_says_about_keys_is_a_setting():
    assumptions = Assumptions(
        system_keys_show_key=False, hidden_entities_are_missing=False, expired_key_status=403
    )
    world = Sandbox(clock=lambda: START, assumptions=assumptions)
    api = Api(create_app(world).test_client(), world)
    rule = permission("DESTINATION", "READ", ids=["other"])
    body = {"name": "vendor", "permissions": [rule], "expiration_period": "ONE_WEEK"}
    key = api.post("/system-keys", body).json["data"]
    holder = Api(api.client, world)
    holder.auth = (key["key"], key["secret"])

    hidden = holder.get(f"/groups/{world.group_id}").status_code
    world.advance(WEEK)

    assert "key" not in api.data(f"/system-keys/{key['id']}")
    assert (hidden, holder.get("/groups").status_code) == (403, 403)
