"""The states of connections as the clock advances."""

from datetime import UTC, datetime, timedelta

import pytest

from pbf.fivetran.models import Connector
from pbf.rules.health import health
from pbf.sandbox.core import views
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.sandbox import Sandbox

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

MINUTE = 60
HOUR = 3600


def state(api, connection_id):
    status = api.data(f"/connections/{connection_id}")["status"]
    return status["setup_state"], status["sync_state"], status["is_historical_sync"]


def test_a_new_world_has_every_state(api):
    items = {item["schema"]: item for item in api.data("/connections")["items"]}

    def states(schema):
        status = items[schema]["status"]
        return status["setup_state"], status["sync_state"], status["update_state"]

    assert len(items) == 12
    healthy = ("connected", "scheduled", "on_schedule")
    for schema in ("salesforce_crm", "stripe_payments", "sales_targets.plan", "hubspot_marketing"):
        assert states(schema) == healthy
    assert items["hubspot_marketing"]["status"]["warnings"]
    assert states("google_ads_emea") == ("connected", "syncing", "on_schedule")
    assert states("shopify_storefront") == ("connected", "syncing", "on_schedule")
    assert items["shopify_storefront"]["status"]["is_historical_sync"] is True
    assert states("jira_projects") == ("connected", "paused", "on_schedule")
    assert states("zendesk_support") == ("broken", "scheduled", "on_schedule")
    assert items["zendesk_support"]["status"]["tasks"][0]["code"] == "reconnect"
    assert states("facebook_ads_dach") == ("incomplete", "scheduled", "on_schedule")
    assert states("webshop") == healthy
    assert items["webshop"]["failed_at"] > items["webshop"]["succeeded_at"]
    assert states("linkedin_ads_b2b") == ("connected", "scheduled", "delayed")
    rescheduled = items["google_analytics_web"]["status"]
    assert rescheduled["sync_state"] == "rescheduled"
    assert rescheduled["rescheduled_for"] == "2026-11-20T12:42:00.000000Z"
    assert sum("rescheduled_for" in item["status"] for item in items.values()) == 1


def test_a_new_world_has_no_times_in_the_future(api, world):
    world.advance(5)
    now = stamp(world.clock())

    for item in api.data("/connections")["items"]:
        for name in ("created_at", "succeeded_at", "failed_at"):
            assert item[name] is None or item[name] < now
        assert item["created_at"] < (item["succeeded_at"] or now)


def test_an_authorised_connection_does_its_first_sync_and_is_then_scheduled(api, world, connected):
    first = state(api, connected)
    world.advance(19)
    during = state(api, connected)
    world.advance(2)
    after = state(api, connected)

    assert first == during == ("connected", "syncing", True)
    assert after == ("connected", "scheduled", False)
    assert api.data(f"/connections/{connected}")["succeeded_at"] == "2026-11-20T12:00:20.000000Z"


def test_syncs_repeat_at_the_frequency(api, world, connected):
    world.advance(6 * HOUR + 5)
    second = state(api, connected)
    world.advance(60)

    assert second == ("connected", "syncing", False)
    assert state(api, connected) == ("connected", "scheduled", False)
    ended = datetime.fromisoformat(api.data(f"/connections/{connected}")["succeeded_at"])
    assert timedelta(seconds=15) <= ended - datetime.fromisoformat("2026-11-20T18:00Z")
    assert ended - datetime.fromisoformat("2026-11-20T18:00Z") <= timedelta(seconds=60)


def test_a_connection_without_a_schedule_syncs_only_on_request(api, world, connected):
    api.patch(f"/connections/{connected}", {"schedule_type": "manual"})
    world.advance(30 * 24 * HOUR + 5)
    resting = state(api, connected)

    api.post(f"/connections/{connected}/sync")

    assert resting == ("connected", "scheduled", False)
    assert state(api, connected) == ("connected", "syncing", False)


def test_a_sync_can_be_requested(api, seeded, world):
    before = seeded("salesforce_crm")

    answer = api.post(f"/connections/{before['id']}/sync", {})
    running = seeded("salesforce_crm")
    world.advance(61)
    after = seeded("salesforce_crm")

    assert answer.json["message"] == (
        f"Sync has been successfully triggered for connection with id '{before['id']}'"
    )
    assert running["status"]["sync_state"] == "syncing"
    assert running["succeeded_at"] == before["succeeded_at"]
    assert after["status"]["sync_state"] == "scheduled"
    assert after["succeeded_at"] > before["succeeded_at"]


def test_a_running_sync_continues_unless_forced(api, connected, world):
    world.advance(15)

    api.post(f"/connections/{connected}/sync")
    world.advance(6)
    undisturbed = state(api, connected)
    world.advance(10 * MINUTE)
    api.post(f"/connections/{connected}/sync")
    world.advance(10)
    api.post(f"/connections/{connected}/sync", {"force": True})
    restarted = api.data(f"/connections/{connected}")
    world.advance(14)

    assert undisturbed == ("connected", "scheduled", False)
    assert restarted["status"]["sync_state"] == "syncing"
    assert state(api, connected)[1] == "syncing"


@pytest.mark.parametrize(
    ("schema", "status"), [("jira_projects", 409), ("facebook_ads_dach", 400), ("webshop", 200)]
)
def test_a_sync_needs_a_connected_connection_that_is_not_paused(api, seeded, schema, status):
    answer = api.post(f"/connections/{seeded(schema)['id']}/sync")

    assert answer.status_code == status


def test_pausing_stops_and_resuming_starts(api, connected, world):
    world.advance(HOUR)
    succeeded = api.data(f"/connections/{connected}")["succeeded_at"]

    api.patch(f"/connections/{connected}", {"paused": True})
    world.advance(48 * HOUR)
    paused = api.data(f"/connections/{connected}")
    api.patch(f"/connections/{connected}", {"paused": False})

    assert paused["status"]["sync_state"] == "paused"
    assert paused["succeeded_at"] == succeeded
    assert state(api, connected) == ("connected", "syncing", False)


def test_a_connection_created_paused_starts_its_first_sync_when_resumed(api, create, world):
    connection_id = create(paused=True)["id"]
    world.pass_setup(connection_id)
    before = state(api, connection_id)

    api.patch(f"/connections/{connection_id}", {"paused": False})

    assert before == ("connected", "paused", True)
    assert state(api, connection_id) == ("connected", "syncing", True)


def test_another_frequency_counts_from_the_last_sync(api, connected, world):
    world.advance(30 * MINUTE)
    before = api.data(f"/connections/{connected}")

    changed = api.patch(f"/connections/{connected}", {"sync_frequency": 60}).json["data"]
    world.advance(30 * MINUTE + 5)

    assert changed["succeeded_at"] == before["succeeded_at"]
    assert changed["status"] == before["status"]
    assert state(api, connected) == ("connected", "syncing", False)


@pytest.mark.parametrize("frequency", [1, 5, 1440])
def test_a_connection_does_not_sync_continuously(api, connected, world, frequency):
    api.patch(f"/connections/{connected}", {"sync_frequency": frequency})
    world.advance(frequency * MINUTE * 10 + 50)

    assert state(api, connected) == ("connected", "scheduled", False)


def test_a_resync_is_historical(api, connected, world):
    world.advance(HOUR)

    answer = api.post(f"/connections/{connected}/resync")
    during = state(api, connected)
    world.advance(21)

    assert answer.status_code == 200
    assert during == ("connected", "syncing", True)
    assert state(api, connected) == ("connected", "scheduled", False)


@pytest.mark.parametrize("scope", [{}, {"public": []}, [], {"public": "orders"}])
def test_a_resync_with_a_scope_needs_tables(api, connected, scope):
    answer = api.post(f"/connections/{connected}/resync", {"scope": scope})

    assert answer.status_code == 400


def test_a_broken_connection_has_a_reconnect_task_and_syncs_when_repaired(api, connected, world):
    world.advance(HOUR)

    world.break_connection(connected)
    broken = api.data(f"/connections/{connected}")
    world.advance(24 * HOUR)
    still = api.data(f"/connections/{connected}")
    world.pass_setup(connected)

    assert broken["status"]["setup_state"] == "broken"
    task = broken["status"]["tasks"][0]
    assert (task["code"], task["message"]) == ("reconnect", "Reconnect")
    assert broken["failed_at"] == "2026-11-20T13:00:00.000000Z"
    assert still == broken
    assert state(api, connected) == ("connected", "syncing", False)
    assert api.data(f"/connections/{connected}")["status"]["tasks"] == []


def test_a_break_until_a_sync_ends_when_one_succeeds(api, connected, world):
    world.advance(HOUR)
    path = f"/connections/{connected}"

    world.control.break_connection(connected, until="sync")
    broken = api.data(path)
    world.advance(24 * HOUR)
    still = api.data(path)
    api.post(f"{path}/sync", {})
    during = state(api, connected)
    world.advance(MINUTE)
    after = api.data(path)

    assert (broken["status"]["setup_state"], broken["status"]["tasks"]) == ("broken", [])
    assert broken["failed_at"] == "2026-11-20T13:00:00.000000Z"
    assert still == broken
    assert during == ("broken", "syncing", False)
    assert state(api, connected) == ("connected", "scheduled", False)
    assert after["succeeded_at"] > after["failed_at"]
    world.advance(6 * HOUR)
    assert api.data(path)["succeeded_at"] > after["succeeded_at"]


def test_the_next_step_for_a_break_until_a_sync_is_a_sync(api, connected, world):
    world.control.break_connection(connected, until="sync")
    item = Connector.model_validate(api.data(f"/connections/{connected}"))

    state = health(item, datetime.fromtimestamp(world.clock(), UTC))

    assert (state.word, state.action) == ("Needs you", "sync")


def test_a_sync_that_does_not_end_leaves_the_break(api, connected, world):
    world.control.break_connection(connected, until="sync")
    path = f"/connections/{connected}"
    api.post(f"{path}/sync", {})

    paused = api.patch(path, {"paused": True}).json["data"]["status"]["setup_state"]
    resumed = api.patch(path, {"paused": False}).json["data"]["status"]["setup_state"]
    world.advance(MINUTE)

    assert (paused, resumed) == ("broken", "broken")
    assert state(api, connected)[0] == "connected"


def test_a_rescheduled_connection_syncs_at_its_time(api, seeded, world):
    world.advance(42 * MINUTE + 5)
    running = seeded("google_analytics_web")["status"]
    world.advance(60)

    assert running["sync_state"] == "syncing"
    assert "rescheduled_for" not in running
    assert seeded("google_analytics_web")["status"]["sync_state"] == "scheduled"


def test_a_delayed_connection_is_on_schedule_after_its_next_success(seeded, world):
    world.advance(4 * HOUR + 5)
    running = seeded("linkedin_ads_b2b")["status"]
    world.advance(60)

    assert (running["sync_state"], running["update_state"]) == ("syncing", "delayed")
    assert seeded("linkedin_ads_b2b")["status"]["update_state"] == "on_schedule"


def test_a_failing_connection_fails_until_its_setup_tests_pass(seeded, world):
    before = seeded("webshop")
    world.advance(6 * HOUR)
    later = seeded("webshop")
    world.pass_setup(before["id"])
    world.advance(61)

    repaired = seeded("webshop")
    assert later["failed_at"] > before["failed_at"]
    assert later["succeeded_at"] == before["succeeded_at"]
    assert repaired["succeeded_at"] > repaired["failed_at"]
    assert repaired["status"]["tasks"] == []


def test_a_state_does_not_depend_on_earlier_reads(api, world):
    for _ in range(20):
        world.advance(17 * MINUTE)
        api.get("/connections")
    listed = api.data("/connections")

    unread = Sandbox(clock=lambda: START)
    unread.advance(20 * 17 * MINUTE)

    now = unread.clock()
    views_of = [views.connection(connection, now) for connection in unread.connections.values()]
    assert views_of == listed["items"]
