"""System keys: their life, from creation to expiry."""

from datetime import UTC, datetime

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.resources.access.system_keys import _end
from pbf.sandbox.sandbox import Sandbox
from tests.sandbox.access.conftest import permission, status_and_code
from tests.sandbox.conftest import START, Api

WEEK = 7 * 86400.0


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
