"""The sync history: its syncs, their times, and its consistency with the state."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from pbf.sandbox.core import lifecycle, schedules
from pbf.sandbox.resources import sync_history

MINUTE = 60
HOUR = 3600
DAY = 86400
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
ENDS = {"SUCCESSFUL", "FAILED", "FAILURE_WITH_TASK", "RESCHEDULED"}


@pytest.fixture
def history(world):
    """The syncs of a connection, oldest first, from the world's start until now."""

    def read(connection_id, since=START, until=None):
        now = world.clock()
        connection = world.connections[connection_id]
        return sync_history.history(connection, since=since, until=until or now, now=now)

    return read


def test_the_first_sync_is_longer_than_the_later_ones(world, connected, history):
    world.advance(13 * HOUR)

    first, *later = history(connected)

    assert (first.start, first.end, first.historical) == (START, START + 20, True)
    assert [sync.start - START for sync in later] == [6 * HOUR, 12 * HOUR]
    assert all(15 <= sync.end - sync.start < 20 for sync in later)
    assert not any(sync.historical for sync in later)


def test_a_sync_has_no_end_until_it_ends(world, connected, history):
    running = history(connected)
    world.advance(20)
    ended = history(connected)

    assert [(sync.end, sync.status) for sync in running] == [(None, "")]
    assert [(sync.end, sync.status) for sync in ended] == [(START + 20, "SUCCESSFUL")]


def test_the_requested_period_does_not_change_the_history(world, connected, history):
    world.advance(30 * HOUR)
    whole = history(connected)

    parts = [
        sync
        for hour in range(31)
        for sync in history(connected, START + hour * HOUR, START + hour * HOUR + 3599)
    ]

    assert parts == whole
    assert len(whole) == 6


def test_another_frequency_does_not_change_the_history(api, world, connected, history):
    world.advance(5 * HOUR)
    before = history(connected)

    api.patch(f"/connections/{connected}", {"sync_frequency": 5})
    at_once = api.data(f"/connections/{connected}")
    world.advance(11 * MINUTE)
    after = history(connected)

    assert at_once["status"]["sync_state"] == "syncing"
    assert at_once["succeeded_at"] == "2026-11-20T12:00:20.000000Z"
    assert after[: len(before)] == before
    assert [(sync.start - START) / MINUTE for sync in after] == [0, 300, 305, 310]


def test_a_daily_connection_syncs_at_its_time(api, world, connected, history):
    body = {"sync_frequency": 1440, "daily_sync_time": "03:00"}

    api.patch(f"/connections/{connected}", body)
    world.advance(50 * HOUR)

    starts = [datetime.fromtimestamp(sync.start, UTC) for sync in history(connected)]
    assert [when.hour for when in starts] == [12, 3, 3]
    assert [when.day for when in starts] == [20, 21, 22]


def test_a_pause_ends_the_running_sync_and_resuming_starts_another(api, world, connected, history):
    path = f"/connections/{connected}"
    world.advance(5)
    api.patch(path, {"paused": True})
    world.advance(DAY)
    api.patch(path, {"paused": False})
    world.advance(30)

    stopped, again = history(connected)
    assert (stopped.start, stopped.end, stopped.status) == (START, START + 5, "RESCHEDULED")
    assert (again.start - START, again.status, again.historical) == (DAY + 5, "SUCCESSFUL", True)
    assert api.data(path)["failed_at"] is None


def test_a_forced_sync_ends_the_running_one(api, world, connected, history):
    world.advance(5)

    api.post(f"/connections/{connected}/sync", {"force": True})
    world.advance(30)

    assert [sync.status for sync in history(connected)] == ["RESCHEDULED", "SUCCESSFUL"]


@pytest.mark.parametrize("after", [pytest.param(5, id="syncing"), pytest.param(HOUR, id="resting")])
def test_breaking_fails_a_sync_and_repairing_starts_one(api, world, connected, history, after):
    world.advance(after)
    world.break_connection(connected)
    world.advance(HOUR)
    broken = api.data(f"/connections/{connected}")
    world.pass_setup(connected)
    world.advance(MINUTE)

    *_, failed, again = history(connected)
    assert (failed.end, failed.status) == (START + after, "FAILURE_WITH_TASK")
    assert (again.start, again.status) == (START + after + HOUR, "SUCCESSFUL")
    assert datetime.fromisoformat(broken["failed_at"]).timestamp() == failed.end


def test_a_connection_that_fails_a_few_times_recovers_by_itself(api, world, connected):
    world.advance(MINUTE)
    sync_history.fail(world, connected, times=2)
    api.post(f"/connections/{connected}/sync")
    world.advance(MINUTE)
    once = api.data(f"/connections/{connected}")
    world.advance(6 * HOUR)
    twice = api.data(f"/connections/{connected}")
    world.advance(6 * HOUR)
    recovered = api.data(f"/connections/{connected}")

    assert once["status"]["tasks"][0]["code"] == "unknown_sync_failure"
    assert twice["failed_at"] > once["failed_at"] > once["succeeded_at"]
    assert recovered["status"]["tasks"] == []
    assert recovered["succeeded_at"] > recovered["failed_at"] == twice["failed_at"]


def test_a_rescheduled_sync_waits_for_its_time(api, world, connected, history):
    world.advance(5)
    world.control.reschedule(connected, 90)
    waiting = api.data(f"/connections/{connected}")["status"]
    world.advance(120)

    assert (waiting["sync_state"], waiting["rescheduled_for"]) == (
        "rescheduled",
        "2026-11-20T12:01:35.000000Z",
    )
    assert [sync.status for sync in history(connected)] == ["RESCHEDULED", "SUCCESSFUL"]
    assert history(connected)[1].start == START + 95


def test_a_queued_sync_is_listed_without_a_start(api, world, connected):
    path = f"/connections/{connected}/sync-history"
    world.advance(5)
    world.control.reschedule(connected, 90)

    queued, stopped = api.data(path)["items"]
    earlier = api.data(path, start_time="2026-11-20T11:00:00Z", end_time="2026-11-20T11:30:00Z")
    world.advance(120)
    begun, _ = api.data(path)["items"]

    assert (queued["start"], queued["end"], queued["status"]) == (None, None, "QUEUED")
    assert stopped["status"] == "RESCHEDULED"
    assert earlier["items"] == []
    assert begun["start"] == "2026-11-20T12:01:35.000000Z"
    assert begun["sync_id"] == queued["sync_id"]


def test_without_a_schedule_a_rescheduled_sync_waits_for_a_request(api, world, connected, history):
    path = f"/connections/{connected}"
    api.patch(path, {"schedule_type": "manual"})
    world.advance(5)
    world.control.reschedule(connected, 90)
    world.advance(DAY)
    still = api.data(path)["status"]["sync_state"]

    api.post(f"{path}/sync")
    world.advance(MINUTE)

    assert still == "rescheduled"
    assert api.data(path)["status"]["sync_state"] == "scheduled"
    assert [sync.status for sync in history(connected)] == ["RESCHEDULED", "SUCCESSFUL"]


def test_a_resync_completes_the_running_sync_first(api, world, connected, history):
    world.advance(5)

    answer = api.post(f"/connections/{connected}/resync")
    during = api.data(f"/connections/{connected}")

    assert answer.status_code == 200
    assert [(sync.end, sync.status) for sync in history(connected)] == [
        (START + 5, "SUCCESSFUL"),
        (None, ""),
    ]
    assert during["succeeded_at"] == "2026-11-20T12:00:05.000000Z"
    assert during["status"]["is_historical_sync"] is True


def test_a_resync_conflicts_with_a_sync_that_cannot_be_completed(api, world, seeded):
    connection = seeded("webshop")
    api.post(f"/connections/{connection['id']}/sync")

    answer = api.post(f"/connections/{connection['id']}/resync")

    assert (answer.status_code, answer.json["code"]) == (409, "Conflict")


def test_a_resync_of_a_paused_connection_waits_until_it_resumes(api, seeded, world):
    path = f"/connections/{seeded('jira_projects')['id']}"

    answer = api.post(f"{path}/resync")
    waiting = api.data(path)["status"]
    api.patch(path, {"paused": False})
    resumed = api.data(path)["status"]

    assert answer.status_code == 200
    assert (waiting["sync_state"], waiting["is_historical_sync"]) == ("paused", True)
    assert (resumed["sync_state"], resumed["is_historical_sync"]) == ("syncing", True)


@pytest.mark.parametrize(
    ("schema", "scope", "status"),
    [
        pytest.param("webshop", {"public": ["orders"]}, 200, id="known"),
        pytest.param("webshop", {"public": ["Orders"]}, 404, id="wrong-case"),
        pytest.param("webshop", {"Public": ["orders"]}, 404, id="wrong-schema"),
        pytest.param("webshop", {"public": [1]}, 400, id="not-a-name"),
        pytest.param("sales_targets.plan", {"sales_targets": ["plan"]}, 400, id="unsupported"),
    ],
)
def test_a_resync_of_tables_needs_existing_tables(api, seeded, world, schema, scope, status):
    world.advance(MINUTE)

    answer = api.post(f"/connections/{seeded(schema)['id']}/resync", {"scope": scope})

    assert answer.status_code == status


def test_a_new_world_has_a_history(world, seeded, history):
    zendesk, stripe = seeded("zendesk_support"), seeded("stripe_payments")

    week = history(zendesk["id"], START - 7 * DAY)
    hour = history(stripe["id"], START - 2 * HOUR)

    assert week[-1].status == "FAILED"
    assert Counter(sync.status for sync in week) == {"SUCCESSFUL": 20, "FAILED": 1}
    assert [sync.status for sync in hour] == ["SUCCESSFUL", "SUCCESSFUL"]


def test_a_new_world_has_outages_in_its_last_90_days(world, seeded, history):
    def last_90_days(schema):
        return history(seeded(schema)["id"], START - 90 * DAY)

    def longest_gap(schema):
        return max(
            after.start - (before.end or START) for before, after in pairwise(last_90_days(schema))
        )

    statuses = Counter(sync.status for sync in last_90_days("stripe_payments"))
    broken = [sync.status for sync in last_90_days("salesforce_crm")]
    longest = max(sync.end - sync.start for sync in last_90_days("sales_targets.plan"))

    assert statuses == {"SUCCESSFUL": 2130, "FAILED": 30}
    assert broken.count("FAILURE_WITH_TASK") == 1
    assert longest_gap("salesforce_crm") > 6 * DAY
    assert longest_gap("hubspot_marketing") > 29 * DAY
    assert longest > 12 * HOUR


@pytest.mark.parametrize("schema", ["stripe_payments", "salesforce_crm", "sales_targets.plan"])
def test_an_outage_is_no_second_sync_at_a_time(world, seeded, history, schema):
    syncs = history(seeded(schema)["id"], START - 200 * DAY)

    assert all(before.end <= after.start for before, after in pairwise(syncs))
    assert syncs[0].start >= datetime.fromisoformat(seeded(schema)["created_at"]).timestamp() - 1


@pytest.mark.parametrize(("status", "code"), [(403, "Forbidden"), (404, "NotFound")])
def test_an_account_may_have_no_sync_history(api, world, connected, status, code):
    world.assumptions = replace(world.assumptions, sync_history_refused_status=status)

    answer = api.get(f"/connections/{connected}/sync-history")

    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_a_history_may_be_without_queued_syncs_and_volumes(api, world, connected):
    changes = {"history_has_queued_syncs": False, "history_has_volumes": False}
    world.assumptions = replace(world.assumptions, **changes)
    world.control.reschedule(connected, 90)

    items = api.data(f"/connections/{connected}/sync-history")["items"]

    assert [set(item) for item in items] == [{"sync_id", "start", "end", "status", "reason"}]
    assert items[0]["start"]


def test_the_history_is_paged_and_begins_with_the_latest(api, world, connected):
    api.patch(f"/connections/{connected}", {"sync_frequency": 60})
    world.advance(3 * HOUR + 5)
    path = f"/connections/{connected}/sync-history"

    query = {"start_time": "2026-11-20T12:00:00Z", "end_time": "2026-11-20T15:00:05Z"}
    page = api.data(path, limit=3, **query)
    rest = api.data(path, limit=3, cursor=page["next_cursor"], **query)

    items = page["items"] + rest["items"]
    assert [item["start"][11:16] for item in items] == ["15:00", "14:00", "13:00", "12:00"]
    assert [item["status"] for item in items] == ["SYNCING"] + 3 * ["SUCCESSFUL"]
    assert items[0]["end"] is None
    assert items[-1]["end"] == "2026-11-20T12:00:20.000000Z"
    stages = {"extract_volume", "process_volume", "load_volume"}
    assert set(items[0]) == {"sync_id", "start", "end", "status", "reason"} | stages
    assert {items[0][stage] for stage in stages} == {None}
    assert all(items[1]["extract_volume"] >= items[1][stage] > 0 for stage in stages)
    assert len({item["sync_id"] for item in items}) == 4
    assert len(api.data(path)["items"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        pytest.param({"start_time": "yesterday"}, id="not-a-time"),
        pytest.param({"start_time": "2026-11-20T12:00:00Z", "end_time": "2026-11-20"}, id="turned"),
        pytest.param({"start_time": "2026-11-01", "end_time": "2026-11-09"}, id="too-long"),
    ],
)
def test_an_invalid_period_of_history_is_refused(api, connected, query):
    answer = api.get(f"/connections/{connected}/sync-history", **query)

    assert (answer.status_code, answer.json["code"]) == (400, "InvalidInput")


def test_errors_are_the_present_tasks_and_warnings(api, seeded):
    broken = api.data(f"/connections/{seeded('zendesk_support')['id']}/errors")
    warned = api.data(f"/connections/{seeded('hubspot_marketing')['id']}/errors")
    well = api.data(f"/connections/{seeded('stripe_payments')['id']}/errors")

    assert broken["items"] == [
        {
            "type": "reconnect",
            "title": "Reconnect",
            "reason": "The source no longer accepts the stored credentials",
            "message": lifecycle.RECONNECT["details"],
            "created_at": seeded("zendesk_support")["failed_at"],
        }
    ]
    assert [item["type"] for item in warned["items"]] == ["sync_warning"]
    assert well["items"] == []


def test_a_function_has_a_state_after_its_first_sync(api, create, world):
    path = f"/connections/{create('connector_sdk', {'schema': 'sdk'})['id']}"
    before = api.get(f"{path}/state")
    world.pass_setup(path.rpartition("/")[2])
    world.advance(MINUTE)

    state = api.data(f"{path}/state")["state"]

    assert before.status_code == 400
    assert state == {"cursor": "2026-11-20T12:00:20.000000Z"}


def test_a_state_is_written_while_paused_and_advances_with_the_next_sync(api, create, world):
    path = f"/connections/{create('aws_lambda', {'schema': 'fn'})['id']}"
    world.pass_setup(path.rpartition("/")[2])
    body = {"state": {"cursor": "2024-01-01T00:00:00Z", "page": 3}}
    world.advance(MINUTE)
    api.post(f"{path}/sync")
    syncing = api.patch(f"{path}/state", body).status_code
    world.advance(MINUTE)
    running = api.patch(f"{path}/state", body).status_code
    api.patch(path, {"paused": True})
    untouched = api.patch(f"{path}/state", {}).json["data"]["state"]

    written = api.patch(f"{path}/state", body)
    kept = api.data(f"{path}/state")
    api.patch(path, {"paused": False})
    world.advance(MINUTE)

    assert (syncing, running) == (409, 400)
    assert untouched["cursor"] > "2026-11-20T12:01:00.000000Z"
    assert written.json["message"] == "Connection state has been updated"
    assert written.json["data"] == kept == body
    assert api.data(f"{path}/state")["state"] == {
        "cursor": api.data(path)["succeeded_at"],
        "page": 3,
    }


@pytest.mark.parametrize("body", [{"state": []}, {"state": "x"}, {"state": 1}])
def test_a_state_is_an_object(api, create, world, body):
    path = f"/connections/{create('aws_lambda', {'schema': 'fn'})['id']}"

    answer = api.patch(f"{path}/state", body)

    assert answer.status_code == 400


def test_only_functions_have_a_state(api, seeded):
    path = f"/connections/{seeded('stripe_payments')['id']}/state"

    assert api.get(path).status_code == 400
    assert api.patch(path, {"state": {}}).status_code == 400


def test_a_connected_database_has_a_certificate_and_a_fingerprint_with_its_tunnel(
    api, seeded, world
):
    shop = f"/connections/{seeded('webshop')['id']}"
    api.patch(shop, {"networking_method": "SshTunnel"})

    certificates = api.data(f"{shop}/certificates")["items"]
    fingerprints = api.data(f"{shop}/fingerprints")["items"]

    assert [item["name"] for item in certificates] == ["CN=db.example.com, O=Sandbox"]
    assert len(fingerprints) == 1
    stripe = f"/connections/{seeded('stripe_payments')['id']}"
    assert api.data(f"{stripe}/certificates") == {"items": []}
    assert api.data(f"{stripe}/fingerprints") == {"items": []}
    destination = f"/destinations/{world.group_id}"
    assert len(api.data(f"{destination}/certificates")["items"]) == 1
    assert api.data(f"{destination}/fingerprints") == {"items": []}


@pytest.mark.parametrize("kind", ["certificates", "fingerprints"])
@pytest.mark.parametrize("owner", ["connections", "destinations"])
def test_the_certificates_of_a_missing_owner_are_not_found(api, owner, kind):
    answer = api.get(f"/{owner}/nowhere/{kind}")

    assert answer.status_code == 404


def run_a_day(api, world, ids):
    """Run a day of every kind of event on the connections."""
    for number, connection_id in enumerate(ids):
        if number % 4 == 0:
            frequency = schedules.FREQUENCIES[number // 4 % len(schedules.FREQUENCIES)]
            api.patch(f"/connections/{connection_id}", {"sync_frequency": frequency})
    for hour in range(24):
        for number in range(hour, len(ids), 48):
            act_on(api, world, ids[number], number % 7, number)
        world.advance(5)
        for number in range(hour, len(ids), 48):
            act_on(api, world, ids[number], number // 7 % 7, number)
        world.advance(HOUR - 12)
        for number in range(hour, len(ids), 96):
            world.pass_setup(ids[number])
            api.patch(f"/connections/{ids[number]}", {"paused": False})
        world.advance(7)


def act_on(api, world, connection_id, action, number):
    """Do one of seven actions on a connection; not all are possible in every state."""
    path = f"/connections/{connection_id}"
    resting = world.connections[connection_id].paused
    connected = world.connections[connection_id].setup_state == "connected"
    if action == 0:
        world.break_connection(connection_id)
    elif action == 1:
        api.patch(path, {"paused": not resting})
    elif action == 2:
        api.post(f"{path}/sync", {"force": True})
    elif action == 3:
        api.post(f"{path}/resync")
    elif action == 4 and connected and not resting:
        world.control.reschedule(connection_id, 100 + number)
    elif action == 5 and connected and not resting:
        world.control.delay(connection_id, 2 * HOUR)
    else:
        sync_history.fail(world, connection_id, times=number % 3)


def test_a_day_of_a_thousand_connections_has_valid_states_and_histories(api, world):
    world.control.set_limits("off")
    ids = [connection.id for connection in world.add_connections(1000)]

    run_a_day(api, world, ids)

    now = world.clock()
    counts = Counter()
    for connection_id in ids:
        connection = world.connections[connection_id]
        state = lifecycle.state_at(connection, now)
        syncs = sync_history.history(connection, since=now - 2 * DAY, until=now, now=now)
        assert_valid_state(connection, state, now)
        assert_consistent(syncs, state)
        counts.update(sync.status for sync in syncs)
        counts[state.sync_state] += 1
    assert counts.keys() >= ENDS | {"scheduled", "paused", "syncing"}


def assert_valid_state(connection, state, now):
    """Assert that a connection is in a state that exists."""
    assert connection.setup_state in ("connected", "broken")
    assert state.sync_state in ("scheduled", "syncing", "paused", "rescheduled")
    assert (state.sync_state == "paused") == connection.paused
    assert (state.rescheduled_for is not None) == (state.sync_state == "rescheduled")
    assert state.update_state in ("on_schedule", "delayed")
    if connection.setup_state == "broken":
        assert state.sync_state in ("scheduled", "paused")
        assert connection.tasks[0]["code"] == "reconnect"
    for when in (state.succeeded_at, state.failed_at):
        assert when is None or connection.created_at <= when <= now


def assert_consistent(syncs, state):
    """Assert that each sync has a start and an end, none overlap, and the state agrees."""
    assert syncs
    for before, after in pairwise(syncs):
        assert before.start <= before.end <= after.start
        assert before.status in ENDS
    last = syncs[-1]
    assert (last.end is None) == (state.sync_state == "syncing")
    succeeded = [sync.end for sync in syncs if sync.status == "SUCCESSFUL"]
    failed = [sync.end for sync in syncs if sync.status.startswith("FAIL")]
    assert (succeeded or [None])[-1] == pytest.approx(state.succeeded_at, abs=1e-3)
    assert (failed or [None])[-1] == (state.failed_at and pytest.approx(state.failed_at, abs=1e-3))
