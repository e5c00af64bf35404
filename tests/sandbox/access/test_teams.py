"""Teams, and the memberships of users and teams in groups, connections and teams."""

import pytest

from pbf.sandbox.sandbox import Sandbox
from tests.sandbox.conftest import START

CREATED = "2026-11-20T12:00:00.000000Z"


@pytest.fixture
def sam(world):
    """The id of the user who does not own the key."""
    return list(world.users)[1]


@pytest.fixture
def team(api):
    """The id of a new team."""
    body = {"name": "data", "description": "Data people", "role": "Account Reviewer"}
    return api.post("/teams", body).json["data"]["id"]


@pytest.fixture
def connection(world):
    return next(iter(world.connections))


def status_and_code(answer):
    return answer.status_code, answer.json["code"]


def test_a_team_is_created_changed_listed_and_deleted(api):
    body = {"name": "data", "description": "Data people", "role": "Account Reviewer"}
    created = api.post("/teams", body)
    path = f"/teams/{created.json['data']['id']}"
    changed = api.patch(path, {"name": "insight", "role": "Account Analyst"})
    listed = api.data("/teams")["items"]
    deleted = api.send("DELETE", path)

    assert (created.status_code, created.json["message"]) == (201, "Team has been created")
    assert created.json["data"] == {"id": path.removeprefix("/teams/"), **body}
    assert changed.json["message"] == "Team has been updated"
    assert [(item["name"], item["role"]) for item in listed] == [("insight", "Account Analyst")]
    assert listed[0]["description"] == "Data people"
    assert deleted.json["message"] == "Team has been deleted"
    assert status_and_code(api.get(path)) == (404, "NotFound_Team")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="no-name"),
        pytest.param({"name": ""}, id="empty-name"),
        pytest.param({"name": 5}, id="number-as-name"),
        pytest.param({"name": "a", "role": "Team Member"}, id="role-of-another-scope"),
        pytest.param({"name": "a", "description": []}, id="list-as-description"),
    ],
)
def test_an_invalid_team_is_refused(api, world, body):
    assert status_and_code(api.post("/teams", body)) == (400, "InvalidInput")
    assert world.teams == {}


def test_a_team_loses_its_role_in_the_account_and_stays(api, team):
    removed = api.send("DELETE", f"/teams/{team}/role")

    assert removed.json["message"] == "Team role in account has been removed"
    assert api.data(f"/teams/{team}")["role"] == ""


def test_a_user_joins_a_team_changes_the_role_and_leaves(api, team, sam):
    users = f"/teams/{team}/users"
    added = api.post(users, {"user_id": sam})
    again = api.post(users, {"user_id": sam, "role": "Team Manager"})
    changed = api.patch(f"{users}/{sam}", {"role": "Team Manager"})
    listed = api.data(users)["items"]
    removed = api.send("DELETE", f"{users}/{sam}")

    member = {"user_id": sam, "role": "Team Member", "created_at": CREATED}
    assert (added.status_code, added.json["data"]) == (201, member)
    assert added.json["message"] == "User has been added to the team"
    assert status_and_code(again) == (409, "Conflict")
    assert changed.json["message"] == "User role has been updated"
    assert listed == [{**member, "role": "Team Manager"}]
    assert removed.json["message"] == "User has been removed from the team"
    assert api.data(users)["items"] == []
    assert status_and_code(api.get(f"{users}/{sam}")) == (404, "NotFound")


def test_all_users_of_a_team_are_active(api, team, sam):
    users = f"/teams/{team}/users"
    api.post(users, {"user_id": sam})

    assert len(api.data(users, active="true")["items"]) == 1
    assert api.data(users, active="false")["items"] == []
    assert api.get(users, active="perhaps").status_code == 400


@pytest.mark.parametrize("holder", ["teams", "users"])
@pytest.mark.parametrize(
    ("things", "role", "other"),
    [
        ("groups", "Destination Administrator", "View Destination"),
        ("connections", "Connection Administrator", "View Connection"),
    ],
)
def test_a_membership_is_added_changed_and_removed(
    api, world, team, sam, connection, holder, things, role, other
):
    kind = {"groups": "Group", "connections": "Connection"}[things]
    thing = {"groups": world.group_id, "connections": connection}[things]
    path = f"/{holder}/{ {'teams': team, 'users': sam}[holder] }/{things}"

    added = api.post(path, {"id": thing, "role": role})
    again = api.post(path, {"id": thing, "role": role})
    changed = api.patch(f"{path}/{thing}", {"role": other})
    read, listed = api.data(f"{path}/{thing}"), api.data(path)["items"]
    removed = api.send("DELETE", f"{path}/{thing}")

    assert added.status_code == 201
    assert added.json["message"] == f"{kind} membership has been created"
    assert added.json["data"] == {"id": thing, "role": role, "created_at": CREATED}
    assert status_and_code(again) == (409, "Conflict")
    assert changed.json["message"] == f"{kind} membership has been updated"
    assert read == {"id": thing, "role": other, "created_at": CREATED}
    assert listed == [read]
    assert removed.json["message"] == f"{kind} membership has been deleted"
    assert api.data(path)["items"] == []
    assert status_and_code(api.get(f"{path}/{thing}")) == (404, "NotFound")
    assert status_and_code(api.send("DELETE", f"{path}/{thing}")) == (404, "NotFound")


@pytest.mark.parametrize(
    ("things", "body", "expected"),
    [
        ("groups", {"role": "View Destination"}, (400, "InvalidInput")),
        ("groups", {"id": "{group}"}, (400, "InvalidInput")),
        ("groups", {"id": "{group}", "role": "View Connection"}, (400, "InvalidInput")),
        ("groups", {"id": "nobody", "role": "View Destination"}, (404, "NotFound_Group")),
        ("connections", {"id": "nobody", "role": "View Connection"}, (404, "NotFound_Connection")),
    ],
)
@pytest.mark.parametrize("holder", ["teams", "users"])
def test_an_invalid_membership_is_refused(api, world, team, sam, holder, things, body, expected):
    path = f"/{holder}/{ {'teams': team, 'users': sam}[holder] }/{things}"
    sent = {name: text.format(group=world.group_id) for name, text in body.items()}

    assert status_and_code(api.post(path, sent)) == expected
    assert api.data(path)["items"] == []


def test_a_group_lists_the_user_who_joined_it_by_membership(api, world, sam):
    api.post(f"/users/{sam}/groups", {"id": world.group_id, "role": "Edit Destination"})

    users = api.data(f"/groups/{world.group_id}/users")["items"]

    assert [user["role"] for user in users if user["id"] == sam] == ["Edit Destination"]


def test_the_legacy_paths_of_memberships_answer_the_same(api, team, connection):
    path = f"/teams/{team}/connectors"

    added = api.post(path, {"id": connection, "role": "Connector Administrator"})

    assert added.status_code == 201
    assert api.data(path) == api.data(f"/teams/{team}/connections")


def test_memberships_end_with_what_they_are_in(api, world, team, sam, connection):
    group = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    for holder in (f"/teams/{team}", f"/users/{sam}"):
        api.post(f"{holder}/groups", {"id": group, "role": "View Destination"})
        api.post(f"{holder}/connections", {"id": connection, "role": "View Connection"})
    api.post(f"/teams/{team}/users", {"user_id": sam})

    api.send("DELETE", f"/groups/{group}")
    api.send("DELETE", f"/connections/{connection}")
    lists = [
        api.data(f"{holder}/{things}")["items"]
        for holder in (f"/teams/{team}", f"/users/{sam}")
        for things in ("groups", "connections")
    ]
    api.send("DELETE", f"/users/{sam}")

    assert lists == [[], [], [], []]
    assert api.data(f"/teams/{team}/users")["items"] == []


def test_a_user_loses_the_role_in_the_account_and_stays(api, world, sam):
    removed = api.send("DELETE", f"/users/{sam}/role")

    assert removed.json["message"] == "User role in account has been removed"
    assert api.data(f"/users/{sam}")["role"] is None
    group_users = api.data(f"/groups/{world.group_id}/users")["items"]
    assert [user["id"] for user in group_users] == [world.owner_id]


def test_nobody_changes_their_own_role(api, world):
    own = f"/users/{world.owner_id}"

    removed = api.send("DELETE", f"{own}/role")
    changed = api.patch(own, {"role": "Account Reviewer"})
    renamed = api.patch(own, {"role": "Account Administrator", "given_name": "Alex"})

    assert status_and_code(removed) == status_and_code(changed) == (403, "Forbidden")
    assert (renamed.status_code, renamed.json["data"]["given_name"]) == (200, "Alex")
    assert api.data(own)["role"] == "Account Administrator"


def test_teams_are_part_of_the_snapshot_and_end_with_a_reset(api, world, team, sam):
    before = world.snapshot()
    api.post(f"/teams/{team}/users", {"user_id": sam})
    after = world.snapshot()
    world.reset()

    assert before != after
    assert b"Team Member" in after
    assert world.teams == {}
    assert world.snapshot() == Sandbox(clock=lambda: START).snapshot()
