"""What programs can do with one connector through the JSON API."""

import json
import threading
from concurrent.futures import wait
from datetime import UTC, datetime

import pytest
import responses
from flask.testing import FlaskClient

from pbf.fivetran.client import ApiClient
from pbf.rules.actions import LABELS
from pbf.rules.parsed_schedule import DAYS
from pbf.runtime import Runtime
from tests.support.accounts import API

CONNECTION = {
    "id": "one",
    "group_id": "our_group",
    "service": "google_sheets",
    "schema": "sales.sales",
    "paused": False,
    "sync_frequency": 360,
    "schedule_type": "auto",
    "status": {"setup_state": "connected", "sync_state": "scheduled"},
}
PAUSED = {
    **CONNECTION,
    "paused": True,
    "status": {"setup_state": "connected", "sync_state": "paused"},
}
LISTED_FIELDS = {
    *("id", "service", "schema", "display_name", "paused", "created_at", "succeeded_at"),
    *("failed_at", "sync_frequency", "schedule_type", "daily_sync_time", "schedule", "status"),
}


def listed(api: responses.RequestsMock, *connections: dict) -> None:
    api.get(
        f"{API}/v1/groups/our_group/connections",
        json={"code": "Success", "data": {"items": list(connections)}},
    )


def path_of(client: FlaskClient, schema: str) -> str:
    """The route of one of the sandbox's first connectors."""
    listed = client.get("/_/connectors").json
    connector_id = next(item["id"] for item in listed if item["schema"] == schema)
    return f"/_/connectors/{connector_id}"


def actions(answer) -> dict[str, str | None]:
    return {action["id"]: action["obstacle"] for action in answer.json["actions"]}


def noted(runtime: Runtime) -> list[tuple[str, str]]:
    return [(entry.what, entry.outcome) for entry in runtime.store.audit.entries()]


def error(answer) -> tuple[int, str]:
    assert set(answer.json) == {"error"}
    return answer.status_code, answer.json["error"]["code"]


def test_a_connector_comes_with_its_health_and_its_actions(client: FlaskClient):
    answer = client.get(path_of(client, "zendesk_support"))

    assert set(answer.json) == LISTED_FIELDS | {"health", "actions"}
    assert answer.json["health"]["word"] == "Needs you"
    assert answer.json["health"]["tone"] == "bad"
    assert answer.json["health"]["reason"].startswith("The source no longer accepts")
    assert answer.json["health"]["action"] == {"id": "reconnect", "label": "Reconnect"}
    assert answer.json["health"]["since"] == answer.json["failed_at"]


def test_an_action_without_effect_comes_with_an_obstacle(client: FlaskClient):
    answer = client.get(path_of(client, "jira_projects"))

    assert list(actions(answer)) == list(LABELS)
    assert actions(answer)["pause"] == "It is already paused."
    assert actions(answer)["resume"] is None


def test_an_action_that_fivetran_may_refuse_comes_with_advice(client: FlaskClient):
    answer = client.get(path_of(client, "jira_projects"))

    advice = {action["id"]: action["advice"] for action in answer.json["actions"]}
    assert advice["sync"] == "Resume it first."
    assert actions(answer)["sync"] is None


def test_the_list_has_no_health_since_it_is_cached(client: FlaskClient):
    assert {name for item in client.get("/_/connectors").json for name in item} == LISTED_FIELDS


def test_a_connector_is_paused_and_resumed(client: FlaskClient):
    path = path_of(client, "salesforce_crm")

    paused = client.patch(path, json={"paused": True})
    resumed = client.patch(path, json={"paused": False})

    assert (paused.status_code, paused.json["health"]["word"]) == (200, "Paused")
    assert paused.json["status"]["sync_state"] == "paused"
    assert (resumed.status_code, resumed.json["paused"]) == (200, False)


def test_a_change_that_is_already_made_is_no_conflict(client: FlaskClient):
    path = path_of(client, "jira_projects")

    answer = client.patch(path, json={"paused": True, "sync_frequency": 60})

    assert answer.status_code == 200
    assert (answer.json["paused"], answer.json["sync_frequency"]) == (True, 60)


@pytest.mark.parametrize("paused", [True, False], ids=["pause", "resume"])
def test_a_change_made_elsewhere_since_the_list_was_read_is_respected(
    client: FlaskClient, runtime: Runtime, paused: bool
):
    path = path_of(client, "jira_projects" if paused else "salesforce_crm")
    connector_id = path.rpartition("/")[2]
    runtime.client.update_connector(connector_id, paused=not paused)

    answer = client.patch(path, json={"paused": paused})

    assert (answer.status_code, answer.json["paused"]) == (200, paused)
    assert runtime.client.get_connector(connector_id).paused is paused


def test_no_action_is_refused_because_of_an_outdated_list(client: FlaskClient, runtime: Runtime):
    path = path_of(client, "jira_projects")
    runtime.client.update_connector(path.rpartition("/")[2], paused=False)

    answer = client.post(f"{path}/resync")

    assert (answer.status_code, answer.json["status"]["sync_state"]) == (200, "syncing")


def test_the_schedule_is_changed(client: FlaskClient):
    path = path_of(client, "stripe_payments")

    daily = client.patch(path, json={"sync_frequency": 1440, "daily_sync_time": "06:00"})
    manual = client.patch(path, json={"schedule_type": "manual"})

    assert (daily.status_code, daily.json["sync_frequency"]) == (200, 1440)
    assert (manual.status_code, manual.json["schedule_type"]) == (200, "manual")
    assert client.get(path).json == manual.json


def test_the_list_shows_a_change_at_once(client: FlaskClient):
    path = path_of(client, "salesforce_crm")
    before = client.get("/_/connectors")

    client.patch(path, json={"paused": True})
    after = client.get("/_/connectors", headers={"If-None-Match": before.headers["ETag"]})

    assert after.status_code == 200
    assert {item["schema"]: item["paused"] for item in after.json}["salesforce_crm"] is True


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param({}, "JSON object", id="empty"),
        pytest.param([], "JSON object", id="a-list"),
        pytest.param(None, "JSON object", id="null"),
        pytest.param({"name": "x"}, "'name'", id="unknown-field"),
        pytest.param({"paused": True, "group_id": "g"}, "'group_id'", id="one-more-field"),
        pytest.param({"paused": "true"}, "paused", id="paused-text"),
        pytest.param({"paused": 1}, "paused", id="paused-number"),
        pytest.param({"paused": None}, "paused", id="paused-null"),
        pytest.param({"sync_frequency": 7}, "sync_frequency", id="frequency-between"),
        pytest.param({"sync_frequency": "60"}, "sync_frequency", id="frequency-text"),
        pytest.param({"sync_frequency": True}, "sync_frequency", id="frequency-true"),
        pytest.param({"sync_frequency": 60.5}, "sync_frequency", id="frequency-broken"),
        pytest.param({"schedule_type": "Auto"}, "schedule_type", id="schedule-capital"),
        pytest.param({"daily_sync_time": "6:00"}, "daily_sync_time", id="hour-short"),
        pytest.param({"daily_sync_time": "24:00"}, "daily_sync_time", id="hour-after-the-day"),
        pytest.param({"daily_sync_time": "06:30"}, "daily_sync_time", id="half-hour"),
        pytest.param({"daily_sync_time": "06:00\n"}, "daily_sync_time", id="hour-and-line"),
    ],
)
def test_an_invalid_change_is_refused_with_the_name_of_its_field(
    client: FlaskClient, body: object, message: str
):
    path = path_of(client, "salesforce_crm")
    before = client.get(path).json

    answer = client.patch(path, data=json.dumps(body), content_type="application/json")

    assert error(answer) == (400, "invalid_request")
    assert message in answer.json["error"]["message"]
    assert client.get(path).json == before


def test_a_sync_starts(client: FlaskClient):
    path = path_of(client, "salesforce_crm")

    answer = client.post(f"{path}/sync")

    assert (answer.status_code, answer.json["status"]["sync_state"]) == (200, "syncing")
    assert actions(answer)["sync"] == "A sync is already running."


def test_history_is_read_again(client: FlaskClient):
    answer = client.post(f"{path_of(client, 'salesforce_crm')}/resync")

    assert (answer.status_code, answer.json["status"]["sync_state"]) == (200, "syncing")


def test_setup_tests_run_and_return_their_results(client: FlaskClient):
    path = path_of(client, "salesforce_crm")

    answer = client.post(f"{path}/test")

    assert answer.status_code == 200
    assert set(answer.json) == {"setup_tests", "connector"}
    assert answer.json["setup_tests"][0] == {
        "title": "Connecting to Salesforce",
        "status": "PASSED",
        "message": "",
    }
    assert answer.json["connector"] == client.get(path).json


def test_a_connector_is_deleted_listed_as_deleted_and_restored(client: FlaskClient):
    path = path_of(client, "salesforce_crm")
    before = client.get(path).json

    first, second = client.delete(path), client.delete(path)
    gone, waiting = client.get(path), client.get("/_/deletions").json
    back = client.post(f"{path}/restore")

    final_at = first.json["final_at"]
    assert first.json == {"id": before["id"], "deleted": True, "final_at": final_at}
    left = datetime.fromisoformat(final_at) - datetime.now(UTC)
    assert left.total_seconds() == pytest.approx(86400, abs=60)
    assert second.json == first.json
    assert error(gone) == (404, "unknown_connector")
    assert waiting == [
        {
            "id": before["id"],
            "service": "salesforce",
            "schema": "salesforce_crm",
            "display_name": "salesforce_crm",
            "final_at": final_at,
        }
    ]
    assert (back.status_code, back.json["id"], back.json["paused"]) == (200, before["id"], False)
    assert client.post(f"{path}/restore").json["id"] == before["id"]
    assert client.get("/_/deletions").json == []


def test_with_now_a_deletion_is_permanent(client: FlaskClient):
    listed, waiting = path_of(client, "salesforce_crm"), path_of(client, "stripe_payments")
    client.delete(waiting)

    answers = [client.delete(path, query_string={"now": "true"}) for path in (listed, waiting)]

    assert [(answer.status_code, answer.json["final_at"]) for answer in answers] == [
        (200, None)
    ] * 2
    for path in (listed, waiting):
        assert error(client.delete(path)) == (404, "unknown_connector")
        assert error(client.post(f"{path}/restore")) == (404, "unknown_connector")


def test_an_invalid_flag_deletes_nothing(client: FlaskClient):
    path = path_of(client, "salesforce_crm")

    answer = client.delete(path, query_string={"now": "yes"})

    assert error(answer) == (400, "invalid_request")
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("action", ["sync", "resync", "test"])
@pytest.mark.parametrize(
    "state",
    [
        {"setup_state": "broken", "sync_state": "scheduled", "tasks": [{"code": "reconnect"}]},
        {"setup_state": "incomplete", "sync_state": "scheduled"},
        {"setup_state": "connected", "sync_state": "paused"},
    ],
    ids=["broken", "unfinished", "paused"],
)
def test_a_refusal_of_fivetran_is_shown_in_its_words(
    remote: FlaskClient, api: responses.RequestsMock, state: dict[str, object], action: str
):
    listed(api, {**CONNECTION, "status": state})
    message = {"code": "Conflict", "message": "Not while it is so"}
    api.post(f"{API}/v1/connections/one/{action}", status=409, json=message)

    answer = remote.post(f"/_/connectors/one/{action}")

    assert error(answer) == (409, "fivetran_conflict")
    assert "Not while it is so" in answer.json["error"]["message"]


def test_a_running_sync_is_not_requested_again(client: FlaskClient):
    path = path_of(client, "shopify_storefront")

    answer = client.post(f"{path}/sync")

    assert error(answer) == (409, "not_now")
    assert answer.json["error"]["message"] == "A sync is already running."


def test_a_sync_that_does_not_start_is_an_error(remote: FlaskClient, api: responses.RequestsMock):
    listed(api, PAUSED)
    api.post(f"{API}/v1/connections/one/sync", json={"code": "Success"})
    api.get(f"{API}/v1/connections/one", json={"code": "Success", "data": PAUSED})

    answer = remote.post("/_/connectors/one/sync")

    assert error(answer) == (502, "fivetran_not_applied")
    assert "still paused" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("change", "kept", "message"),
    [
        pytest.param({"paused": True}, {}, "still not paused", id="pause"),
        pytest.param(
            {"sync_frequency": 60}, {}, "kept another schedule: Every 6 hours", id="often"
        ),
        pytest.param(
            {"sync_frequency": 1440, "daily_sync_time": "02:00"},
            {"sync_frequency": 1440, "daily_sync_time": None},
            "Daily at midnight",
            id="time",
        ),
        pytest.param({"schedule_type": "manual"}, {}, "Every 6 hours", id="manual"),
        pytest.param(
            {"schedule": {"schedule_type": "CRON", "cron": "0 9 * * 1-5"}},
            {},
            "Every 6 hours",
            id="cron-on-an-older-account",
        ),
    ],
)
def test_a_change_that_is_missing_in_the_answer_is_an_error(
    remote: FlaskClient,
    api: responses.RequestsMock,
    change: dict[str, object],
    kept: dict[str, object],
    message: str,
):
    listed(api, CONNECTION)
    unchanged = {"code": "Success", "data": {**CONNECTION, **kept}}
    api.patch(f"{API}/v1/connections/one", json=unchanged)
    if "paused" in change:
        api.get(f"{API}/v1/connections/one", json={"code": "Success", "data": CONNECTION})

    answer = remote.patch("/_/connectors/one", json=change)

    assert error(answer) == (502, "fivetran_not_applied")
    assert message in answer.json["error"]["message"]


WEEKLY = {
    **CONNECTION,
    "schedule": {
        "schedule_type": "TIME_OF_DAY",
        "time_of_day": "02:00:00",
        "days_of_week": ["MONDAY"],
        "interval": None,
        "cron": None,
    },
}


CRON = {"schedule_type": "CRON", "cron": "0 9 * * 1-5"}
HOURLY = {"schedule_type": "INTERVAL", "interval": 60, "days_of_week": ["MONDAY"]}
AT_TWO = {**WEEKLY["schedule"], "time_of_day": "02:00"}
MONDAYS = {name: value for name, value in AT_TWO.items() if value is not None}


@pytest.mark.parametrize(
    ("present", "change", "sent"),
    [
        pytest.param(WEEKLY["schedule"], {"sync_frequency": 1440}, MONDAYS, id="daily-is-so"),
        pytest.param(WEEKLY["schedule"], {"schedule_type": "auto"}, MONDAYS, id="auto-is-so"),
        pytest.param(
            HOURLY, {"sync_frequency": 120}, {**HOURLY, "interval": 120}, id="interval-on-its-days"
        ),
        pytest.param(HOURLY, {"schedule_type": "auto"}, HOURLY, id="interval-is-auto"),
        pytest.param(CRON, {"schedule_type": "auto"}, CRON, id="cron-is-auto"),
        pytest.param(
            {"schedule_type": "INTERVAL", "days_of_week": ["MONDAY"]},
            {"schedule_type": "auto"},
            {**HOURLY, "interval": 360},
            id="interval-of-the-older-field",
        ),
    ],
)
def test_fields_of_a_schedule_that_are_left_out_stay_unchanged(
    remote: FlaskClient, api: responses.RequestsMock, present: dict, change: dict, sent: dict
):
    listed(api, {**CONNECTION, "schedule": present})
    after = {**CONNECTION, "schedule": sent}
    changed = api.patch(f"{API}/v1/connections/one", json={"code": "Success", "data": after})
    listed(api, after)

    answer = remote.patch("/_/connectors/one", json=change)

    assert answer.status_code == 200
    assert json.loads(changed.calls[0].request.body) == {"schedule": sent}


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        pytest.param(
            {"sync_frequency": 60}, {"schedule_type": "INTERVAL", "interval": 60}, id="often"
        ),
        pytest.param({"schedule_type": "manual"}, {"schedule_type": "MANUAL"}, id="manual"),
        pytest.param(
            {"daily_sync_time": "04:00"},
            {
                "schedule_type": "TIME_OF_DAY",
                "time_of_day": "04:00",
                "days_of_week": ["MONDAY"],
            },
            id="another-time-of-the-same-days",
        ),
        pytest.param(
            {"schedule": {"schedule_type": "TIME_OF_DAY", "time_of_day": "04:00"}},
            {
                "schedule_type": "TIME_OF_DAY",
                "time_of_day": "04:00",
                "days_of_week": list(DAYS),
            },
            id="every-day-where-none-is-named",
        ),
        pytest.param(
            {"schedule": {"schedule_type": "CRON", "cron": "0 9 * * 1-5"}},
            {"schedule_type": "CRON", "cron": "0 9 * * 1-5"},
            id="cron",
        ),
    ],
)
def test_a_connector_with_a_schedule_is_sent_a_schedule(
    remote: FlaskClient,
    api: responses.RequestsMock,
    change: dict[str, object],
    sent: dict[str, object],
):
    listed(api, WEEKLY)
    after = {"code": "Success", "data": {**WEEKLY, "schedule": sent}}
    changed = api.patch(f"{API}/v1/connections/one", json=after)
    listed(api, after["data"])

    answer = remote.patch("/_/connectors/one", json=change)

    assert answer.status_code == 200
    assert json.loads(changed.calls[0].request.body) == {"schedule": sent}


@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer-lost"])
def test_a_schedule_that_fivetran_did_not_change_is_an_error(
    remote: FlaskClient, api: responses.RequestsMock, lost: bool
):
    unchanged = {"code": "Success", "data": {**WEEKLY, "sync_frequency": 60}}
    listed(api, CONNECTION)
    api.patch(f"{API}/v1/connections/one", **({"status": 500} if lost else {}), json=unchanged)
    if lost:
        api.get(f"{API}/v1/connections/one", json=unchanged)

    answer = remote.patch("/_/connectors/one", json={"sync_frequency": 60})

    assert answer.status_code == 502
    assert error(answer)[1] == ("fivetran_failed" if lost else "fivetran_not_applied")


@pytest.mark.parametrize(
    ("change", "sent"),
    [
        pytest.param(
            {"schedule_type": "INTERVAL", "interval": 60},
            {"schedule_type": "auto", "sync_frequency": 60},
            id="interval",
        ),
        pytest.param(
            {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:00"},
            {"schedule_type": "auto", "sync_frequency": 1440, "daily_sync_time": "02:00"},
            id="time",
        ),
        pytest.param({"schedule_type": "MANUAL"}, {"schedule_type": "manual"}, id="manual"),
    ],
)
def test_an_older_account_is_sent_the_older_fields(
    remote: FlaskClient,
    api: responses.RequestsMock,
    change: dict[str, object],
    sent: dict[str, object],
):
    listed(api, CONNECTION)
    after = {**CONNECTION, **sent}
    changed = api.patch(f"{API}/v1/connections/one", json={"code": "Success", "data": after})
    listed(api, after)

    answer = remote.patch("/_/connectors/one", json={"schedule": change})

    assert answer.status_code == 200
    assert json.loads(changed.calls[0].request.body) == sent


def test_a_schedule_can_be_read_back(remote: FlaskClient, api: responses.RequestsMock):
    listed(api, WEEKLY, {**CONNECTION, "id": "two", "daily_sync_time": "02:00"})

    by_id = {item["id"]: item for item in remote.get("/_/connectors").json}

    assert by_id["one"]["schedule"] == {
        "schedule_type": "TIME_OF_DAY",
        "interval": None,
        "cron": "",
        "days_of_week": ["MONDAY"],
        "time_of_day": "02:00:00",
    }
    assert (by_id["two"]["schedule"], by_id["two"]["daily_sync_time"]) == (None, "02:00")


@pytest.mark.parametrize(
    ("change", "present", "message"),
    [
        pytest.param({"daily_sync_time": "02:00"}, {}, "daily schedule only", id="now-6-hours"),
        pytest.param({"sync_frequency": 180, "daily_sync_time": "02:00"}, {}, "1440", id="3-hours"),
        pytest.param(
            {"schedule_type": "manual", "daily_sync_time": "02:00"}, {}, "daily", id="manual"
        ),
        pytest.param(
            {"schedule_type": "auto"},
            {"schedule_type": "manual", "sync_frequency": None},
            "Send sync_frequency",
            id="no-frequency",
        ),
        pytest.param(
            {"schedule_type": "auto"},
            {"schedule": {"schedule_type": "MANUAL"}},
            "Send sync_frequency",
            id="no-frequency-of-a-schedule",
        ),
        pytest.param(
            {"schedule_type": "auto"},
            {"schedule": {"schedule_type": "LUNAR"}},
            "this connector has no schedule to return to.",
            id="a-schedule-new-to-us",
        ),
        pytest.param(
            {"sync_frequency": 60, "schedule": {"schedule_type": "MANUAL"}}, {}, "both", id="both"
        ),
        pytest.param({"schedule": {"schedule_type": "INTERVAL"}}, {}, "interval", id="half"),
        pytest.param(
            {"schedule": {"schedule_type": "LUNAR"}}, {}, "The field schedule", id="new-kind"
        ),
        pytest.param(
            {"schedule": {"schedule_type": "TIME_OF_DAY", "time_of_day": "25:00"}},
            {},
            "The field schedule",
            id="no-time",
        ),
        pytest.param(
            {"schedule": {"schedule_type": "INTERVAL", "interval": 10**12}},
            {},
            "The field schedule",
            id="a-million-years",
        ),
    ],
)
def test_an_incomplete_schedule_is_refused_without_a_request_to_fivetran(
    remote: FlaskClient,
    api: responses.RequestsMock,
    change: dict[str, object],
    present: dict[str, object],
    message: str,
):
    api.assert_all_requests_are_fired = False
    listed(api, {**CONNECTION, **present})

    answer = remote.patch("/_/connectors/one", json=change)

    assert error(answer) == (400, "invalid_request")
    assert message in answer.json["error"]["message"]
    assert {call.request.method for call in api.calls} <= {"GET"}


@pytest.mark.parametrize(
    ("method", "action", "body"),
    [
        pytest.param("PATCH", "", {"paused": True}, id="change"),
        pytest.param("DELETE", "", None, id="delete"),
        pytest.param("POST", "/restore", None, id="restore"),
        pytest.param("POST", "/sync", None, id="sync"),
        pytest.param("POST", "/resync", None, id="resync"),
        pytest.param("POST", "/test", None, id="test"),
    ],
)
def test_connectors_of_other_groups_do_not_exist(
    remote: FlaskClient, api: responses.RequestsMock, method: str, action: str, body: object
):
    listed(api, CONNECTION)

    answer = remote.open(f"/_/connectors/others{action}", method=method, json=body)

    assert error(answer) == (404, "unknown_connector")
    assert {call.request.method for call in api.calls} == {"GET"}


def test_a_pause_that_worked_despite_an_error_succeeds(
    remote: FlaskClient, api: responses.RequestsMock
):
    listed(api, CONNECTION)
    api.get(f"{API}/v1/connections/one", json={"code": "Success", "data": CONNECTION})
    api.patch(f"{API}/v1/connections/one", status=500, json={})
    api.get(f"{API}/v1/connections/one", json={"code": "Success", "data": PAUSED})
    listed(api, PAUSED)

    answer = remote.patch("/_/connectors/one", json={"paused": True})

    assert (answer.status_code, answer.json["paused"]) == (200, True)


def test_pause_and_schedule_go_to_fivetran_as_they_were_sent(
    remote: FlaskClient, api: responses.RequestsMock
):
    listed(api, CONNECTION)
    api.get(f"{API}/v1/connections/one", json={"code": "Success", "data": CONNECTION})
    changed = api.patch(f"{API}/v1/connections/one", json={"code": "Success", "data": PAUSED})

    remote.patch("/_/connectors/one", json={"schedule_type": "auto", "paused": True})

    sent = [json.loads(call.request.body) for call in changed.calls]
    assert sent == [{"schedule_type": "auto", "paused": True}]


def test_pause_and_schedule_are_changed_together_or_not_at_all(
    client: FlaskClient, runtime: Runtime, sandbox
):
    path = path_of(client, "salesforce_crm")
    before = client.get(path).json
    sandbox.world.control.add_fault(kind="429", method="PATCH")

    answer = client.patch(path, json={"paused": True, "sync_frequency": 60})

    assert error(answer) == (429, "rate_limited")
    now = client.get(path).json
    assert (now["paused"], now["sync_frequency"]) == (False, before["sync_frequency"])
    assert noted(runtime) == [("pause", "RateLimited"), ("reschedule", "RateLimited")]


def test_a_change_of_both_that_worked_despite_a_lost_answer_succeeds(
    client: FlaskClient, runtime: Runtime, sandbox
):
    path = path_of(client, "salesforce_crm")
    sandbox.world.control.add_fault(kind="lost_answer", method="PATCH")

    answer = client.patch(path, json={"paused": True, "sync_frequency": 60})

    assert answer.status_code == 200
    assert (answer.json["paused"], answer.json["sync_frequency"]) == (True, 60)
    assert noted(runtime) == [("pause", "done"), ("reschedule", "done")]


def test_pausing_a_paused_connector_is_not_in_the_audit_log(client: FlaskClient, runtime: Runtime):
    path = path_of(client, "jira_projects")

    assert client.patch(path, json={"paused": True}).status_code == 200
    assert client.post(f"{path}/restore").status_code == 200

    assert noted(runtime) == []


def test_a_limit_that_is_reached_says_when_to_try_again(
    remote: FlaskClient, api: responses.RequestsMock
):
    listed(api, CONNECTION)
    api.post(
        f"{API}/v1/connections/one/sync",
        status=429,
        json={"code": "TooManyRequests"},
        headers={"Retry-After": "90"},
    )

    answer = remote.post("/_/connectors/one/sync")

    assert error(answer) == (429, "rate_limited")
    assert answer.headers["Retry-After"] == "90"


def test_a_creation_returns_the_whole_connector(client: FlaskClient):
    created = client.post("/_/connectors", json={"service": "google_sheets", "name": "Sales"})

    assert created.json["health"]["word"] == "Not finished"
    assert created.json == client.get(f"/_/connectors/{created.json['id']}").json


def test_an_action_returns_the_cached_state_and_its_age_if_fivetran_is_slow(
    runtime, client, monkeypatch
):
    paused = next(item for item in runtime.portal.connectors().items if item.paused)
    go_on = threading.Event()
    read = runtime.client.get_list_of_connectors_in_group

    def slowly(*args, **options):
        assert go_on.wait(60)
        return read(*args, **options)

    monkeypatch.setattr(runtime.client, "get_list_of_connectors_in_group", slowly)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)

    # Without that limit this would wait for ever, since the list is never released.
    changed = client.patch(f"/_/connectors/{paused.id}", json={"paused": False})
    connectors = client.get("/_/connectors")
    flights = list(runtime.cache._requests.values())
    go_on.set()
    wait(flights, 60)

    assert (changed.status_code, changed.json["paused"]) == (200, True)
    assert "Age" in changed.headers
    assert "Age" in connectors.headers


def test_a_creation_of_a_dead_process_is_in_progress_and_its_name_not_taken(
    client: FlaskClient, runtime: Runtime, monkeypatch
):
    make = runtime.client.create_connector

    def die(_client, *given, **options):
        make(*given, **options)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(ApiClient, "create_connector", die)
        with pytest.raises(SystemExit):
            runtime.portal.create("stripe", "Sales", public_url="http://localhost")

    answer = client.post("/_/connectors", json={"service": "stripe", "name": "Sales"})

    assert error(answer) == (409, "in_progress")
    assert 1 <= int(answer.headers["Retry-After"]) <= 5
    assert "sales_2" not in answer.text


def test_a_connector_that_was_resumed_meanwhile_is_not_deleted(
    client: FlaskClient, runtime: Runtime
):
    path = path_of(client, "stripe_payments")
    connector_id = client.delete(path).json["id"]
    runtime.client.update_connector(connector_id, paused=False)

    answer = client.delete(path, query_string={"now": "true"})

    assert error(answer) == (409, "not_now")
    assert client.get(path).json["paused"] is False
