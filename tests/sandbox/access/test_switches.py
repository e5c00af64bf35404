"""The switches of the account: the role of the key's user, its plan, its private previews."""

import pytest

from pbf.sandbox.app import create_app
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.sandbox import Sandbox
from tests.sandbox.conftest import START, Api

CUSTOM = {"data_delay_sensitivity": "CUSTOM", "data_delay_threshold": 30}


def statuses(api, world):
    """What reading, changing and creating answer, and the metadata and the users."""
    connection = next(iter(world.connections))
    return (
        api.get(f"/connections/{connection}").status_code,
        api.patch(f"/connections/{connection}", {"paused": True}).status_code,
        api.post("/groups", {"name": f"group_{len(world.groups)}"}).status_code,
        api.get("/metadata/connector-types", limit=1).status_code,
        api.get("/users").status_code,
    )


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Account Administrator", (200, 200, 201, 200, 200)),
        ("Account Analyst", (200, 200, 201, 200, 200)),
        ("Account Reviewer", (200, 200, 403, 200, 200)),
        ("Account Billing", (200, 200, 403, 200, 403)),
        ("Destination Creator", (200, 200, 201, 200, 403)),
        ("", (200, 200, 403, 403, 403)),
    ],
)
def test_a_key_may_do_what_the_roles_of_its_user_allow(api, world, role, expected):
    world.control.set_switches(role=role)

    assert statuses(api, world) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("Manage Destination", (200, 200, 200)),
        ("Destination Administrator", (200, 200, 200)),
        ("Edit Destination", (200, 200, 403)),
        ("View Destination", (200, 403, 403)),
        ("Create Connection", (403, 403, 403)),
    ],
)
def test_a_role_in_a_group_gives_rights_to_its_connections(api, world, role, expected):
    world.members[world.group_id][world.owner_id].role = role
    world.control.set_switches(role="")
    path = f"/connections/{next(iter(world.connections))}"

    read = api.get(path).status_code
    changed = api.patch(path, {"paused": True}).status_code
    deleted = api.send("DELETE", path).status_code

    assert (read, changed, deleted) == expected
    assert [group["id"] for group in api.data("/groups")["items"]] == [world.group_id]


def test_who_may_only_create_connections_sees_none(api, world):
    world.members[world.group_id][world.owner_id].role = "Create Connection"
    world.control.set_switches(role="")
    body = {"group_id": world.group_id, "service": "hubspot", "config": {"schema": "crm"}}

    created = api.post("/connections", {**body, "run_setup_tests": False})

    assert created.status_code == 201
    assert api.get("/connections").status_code == 403


def test_a_role_in_one_connection_shows_that_one_alone(api, world):
    first, second, *_ = world.connections
    own = f"/users/{world.owner_id}"
    api.post(f"{own}/connections", {"id": first, "role": "Edit Connection"})
    api.send("DELETE", f"{own}/groups/{world.group_id}")
    world.control.set_switches(role="")

    assert [item["id"] for item in api.data("/connections")["items"]] == [first]
    assert api.patch(f"/connections/{first}", {"paused": True}).status_code == 200
    assert api.send("DELETE", f"/connections/{first}").status_code == 403
    assert api.get(f"/connections/{second}").status_code == 404
    assert api.get("/groups").status_code == 403


def test_the_roles_of_a_team_count_for_its_users(api, world):
    acme = api.post("/groups", {"name": "acme"}).json["data"]["id"]
    team = api.post("/teams", {"name": "data", "role": "Account Billing"}).json["data"]["id"]
    api.post(f"/teams/{team}/users", {"user_id": world.owner_id})
    for group in (world.group_id, acme):
        api.send("DELETE", f"/users/{world.owner_id}/groups/{group}")
    api.post(f"/teams/{team}/groups", {"id": acme, "role": "View Destination"})
    world.control.set_switches(role="")

    assert [group["id"] for group in api.data("/groups")["items"]] == [acme]
    assert api.get("/metadata/connector-types", limit=1).status_code == 200
    assert api.patch(f"/groups/{acme}", {"name": "other"}).status_code == 403


@pytest.mark.parametrize(
    ("plan", "expected"),
    [("free", 403), ("standard", 403), ("enterprise", 200), ("business_critical", 200)],
)
def test_a_custom_delay_needs_the_enterprise_plan(api, world, seeded, plan, expected):
    path = f"/connections/{seeded('stripe_payments')['id']}"
    world.control.set_switches(plan=plan)

    answer = api.patch(path, CUSTOM)

    assert answer.status_code == expected
    assert (api.data(path)["data_delay_sensitivity"] == "CUSTOM") is (expected == 200)
    assert api.patch(path, {"data_delay_sensitivity": "HIGH"}).status_code == 200
    body = {"group_id": world.group_id, "service": "hubspot", "config": {"schema": "crm"}}
    created = api.post("/connections", {**body, **CUSTOM, "run_setup_tests": False})
    assert created.status_code == (201 if expected == 200 else 403)


@pytest.mark.parametrize("status", [404, 403])
def test_without_previews_the_errors_of_a_connection_are_refused(status):
    assumptions = Assumptions(previews=False, preview_refused_status=status)
    world = Sandbox(clock=lambda: START, assumptions=assumptions)
    api = Api(create_app(world).test_client(), world)
    path = f"/connections/{next(iter(world.connections))}/errors"

    refused = api.get(path)
    world.control.set_switches(previews=True)
    accepted = api.get(path)
    world.reset()

    assert (refused.status_code, accepted.status_code) == (status, 200)
    assert world.switches.previews is False


def test_the_switches_are_set_over_http_and_end_with_a_reset(client):
    body = {"plan": "standard", "previews": False, "role": "Account Reviewer"}
    changed = client.post("/_control/switches", json=body).json
    after = client.post("/_control/reset", json={}).json

    assert {name: changed[name] for name in body} == body
    assert (after["plan"], after["previews"]) == ("business_critical", True)
    assert after["role"] == "Account Administrator"


@pytest.mark.parametrize(
    "field", [{"plan": "gold"}, {"role": "King"}, {"previews": "yes"}, {"x": 1}]
)
def test_an_unknown_switch_is_refused_and_changes_nothing(client, world, field):
    before = world.snapshot()

    assert client.post("/_control/switches", json=field).status_code == 400
    assert world.snapshot() == before


def test_in_the_same_process_an_unknown_plan_names_the_known_ones(world):
    with pytest.raises(InvalidInput, match="free, standard, enterprise, business_critical"):
        world.control.set_switches(plan="gold")
