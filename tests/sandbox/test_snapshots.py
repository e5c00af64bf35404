"""Snapshots under a name, and the return to one."""

import pytest

from pbf.sandbox.control.snapshots import MOST_SNAPSHOTS
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotFound
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.player import Player
from pbf.sandbox.scenarios.scenario import load
from pbf.sandbox.server import SandboxServer


@pytest.fixture
def post(client):
    """Post to control and return the response."""
    return lambda path, body=None: client.post(f"/_control/{path}", json=body or {})


def change_everything(world, api):
    """Change every kind of thing that a snapshot holds."""
    control = world.control
    world.webhooks.keep("http://127.0.0.1:9/", events=["create_connector"], secret="s")
    hook = {"url": "https://vendor.example/hook", "events": ["sync_end"], "active": False}
    api.post("/webhooks/account", hook)
    api.post("/users", {"email": "a@example.com", "given_name": "A", "family_name": "B"})
    api.post("/groups", {"name": "Another"})
    connection = api.data("/connections")["items"][0]["id"]
    api.post(f"/connections/{connection}/sync", {})
    api.patch(f"/connections/{connection}/schemas", {"schema_change_handling": "BLOCK_ALL"})
    body = {"service": "stripe", "group_id": world.group_id, "config": {"schema": "paid"}}
    api.post("/connections", {**body, "run_setup_tests": False})
    control.change_clock(advance=7200, speed=0)
    control.seed(groups=1, connectors=8, states={"broken": 2})
    control.add_fault("500", path="/v1/roles", share=0.4)
    for _ in range(5):
        api.get("/roles")


def test_a_restored_world_is_the_same_byte_for_byte(world, api):
    change_everything(world, api)
    before = world.snapshot()
    world.control.save("before")
    assert len(world.webhooks.deliveries.queue) == 1

    api.post("/groups", {"name": "Third"})
    world.control.clear_faults()
    world.webhooks.deliveries.clear()
    world.control.change_clock(advance=60, speed=10)
    world.control.set_limits("trial")
    assert world.snapshot() != before
    world.control.restore("before")

    assert world.snapshot() == before
    assert (world.clock.speed, world.control.log.total) == (0, 0)


def test_what_follows_is_the_same_each_time(world, api):
    world.control.save("start")
    futures = []

    for _ in range(2):
        change_everything(world, api)
        futures.append(world.snapshot())
        world.control.restore("start")

    assert futures[0] == futures[1]
    change_everything(world, api)
    assert world.snapshot() == futures[0]


def test_a_snapshot_outlives_a_reset_with_another_seed(world, api, client, create):
    uri = create()["connect_card"]["uri"]
    before = world.snapshot()
    world.control.save("before")

    world.control.reset(seed=9, now=0, populated=False)
    world.control.restore("before")

    assert world.snapshot() == before
    assert client.get(uri).status_code == 200


def test_a_change_after_the_snapshot_is_not_in_it(world, api):
    group = world.group_id
    world.control.save("before")

    world.rename_group(group, "Renamed")
    world.control.restore("before")
    api.patch(f"/groups/{group}", {"name": "Renamed_again"})
    world.control.restore("before")

    assert world.group(group).name not in ("Renamed", "Renamed_again")
    listed = [item["id"] for item in api.data(f"/groups/{group}/connections")["items"]]
    assert all(world.connections[item] is world._by_group[group][item] for item in listed)


@pytest.mark.parametrize("seconds", [0, 61, 700], ids=["before", "during", "after"])
def test_a_scenario_goes_on_from_the_snapshot(world, api, seconds):
    world.clock.speed = 0
    Player(world, load("fivetran_is_down").scenario)

    def statuses():
        result = []
        for step in (0, 61, 300, 400):
            world.clock.advance(step)
            result.append(api.get("/groups").status_code)
        return result

    world.clock.advance(seconds)
    world.control.play_due()
    world.control.save("point")
    first = statuses()
    world.control.reset()
    world.control.restore("point")

    assert statuses() == first
    assert (502 in first) == (seconds < 700)


def test_a_snapshot_without_a_scenario_ends_the_one_that_plays(world, api):
    world.control.save("plain")
    Player(world, load("fivetran_is_down").scenario)

    world.control.restore("plain")
    world.clock.advance(120)

    assert api.get("/groups").status_code == 200


def test_the_own_webhook_of_the_embedding_program_is_kept_and_active_again(world):
    world.control.save("without")
    world.webhooks.keep("http://127.0.0.1:9/new", events=["sync_end"], secret="s")
    world.control.save("with")
    world.webhooks.get("own_dashboard").active = False

    world.control.restore("with")
    [hook] = world.webhooks.hooks.values()
    world.webhooks.keep("http://127.0.0.1:9/newer", events=["sync_end"], secret="s")
    world.control.restore("without")

    assert hook.active
    assert [hook.url for hook in world.webhooks.hooks.values()] == ["http://127.0.0.1:9/newer"]


def test_snapshots_are_taken_listed_restored_and_deleted_over_http(client, post, world):
    taken = post("snapshots", {"name": "before the demo"})
    post("clock", {"advance": 3600})
    post("seed", {"connectors": 3})
    listed = post("snapshots", {"name": "later"}).json["snapshots"]
    state = post("snapshots/before%20the%20demo/restore")
    left = client.delete("/_control/snapshots/later").json["snapshots"]

    first = {"name": "before the demo", "now": "2026-11-20T12:00:00.000000Z", "connectors": 12}
    assert taken.json["snapshots"] == [first] == left
    assert listed[1] == {"name": "later", "now": "2026-11-20T13:00:00.000000Z", "connectors": 15}
    assert (state.status_code, state.json["connectors"]) == (200, 12)
    assert state.json["now"] == first["now"]
    assert client.get("/_control/snapshots").json["snapshots"] == left


@pytest.mark.parametrize("name", ["", "a/b", " a", "a" * 61, 3, None, "ä"])
def test_an_invalid_name_is_refused(client, post, name):
    assert post("snapshots", {"name": name}).status_code == 400
    assert client.get("/_control/snapshots").json["snapshots"] == []


def test_an_unknown_snapshot_is_not_found_and_changes_nothing(client, post, world):
    before = world.snapshot()

    assert post("snapshots/none/restore").status_code == 404
    assert client.delete("/_control/snapshots/none").status_code == 404
    assert post("snapshots/none/restore", {"force": True}).status_code == 400
    assert world.snapshot() == before


def test_the_same_name_replaces_and_the_number_is_limited(world):
    for number in range(MOST_SNAPSHOTS):
        world.control.save(f"s{number}")
    world.clock.advance(5)

    world.control.save("s0")

    with pytest.raises(Conflict, match="Delete one first"):
        world.control.save("one more")
    assert len(world.control.snapshots.listed()) == MOST_SNAPSHOTS
    world.control.restore("s0")
    assert world.control.state()["now"] == "2026-11-20T12:00:05.000000Z"


def test_a_running_server_returns_to_its_snapshot():
    with SandboxServer(world=Sandbox(populated=False)) as server:
        server.snapshot()
        server.world.add_connections(3)
        server.restore()

        assert len(server.world.connections) == 0
        with pytest.raises(NotFound):
            server.restore("another")
        with pytest.raises(InvalidInput):
            server.snapshot("a/b")
