"""The routes of planned pauses and resumptions."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def path(runtime) -> str:
    """The path of the plans of a connector that runs."""
    items = runtime.portal.connectors().items
    connector = next(item for item in items if item.paused is False)
    return f"/_/connectors/{connector.id}/planned-changes"


def test_a_change_is_planned_listed_and_cancelled(client, path):
    at = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    body = {"action": "pause", "at": at.isoformat(), "reason": "The database moves"}

    made = client.post(path, json=body)

    assert made.status_code == 200
    assert datetime.fromisoformat(made.json["due_at"]) == at
    assert (made.json["state"], made.json["reason"]) == ("planned", "The database moves")
    assert client.get(path).json == [made.json]
    cancelled = client.delete(f"{path}/{made.json['id']}")
    assert cancelled.json["state"] == "cancelled"
    again = client.delete(f"{path}/{made.json['id']}")
    assert (again.status_code, again.json["error"]["code"]) == (404, "unknown_item")


def test_without_a_time_it_is_done_now(client, path):
    made = client.post(path, json={"action": "pause", "reason": "The database moves"})

    assert made.json["state"] == "done"
    assert client.get(path.removesuffix("/planned-changes")).json["paused"] is True


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param({"action": "stop"}, "The field action", id="action"),
        pytest.param({"at": "2030-01-01T10:00:00"}, "with its offset", id="no-offset"),
        pytest.param({"at": "2020-01-01T10:00:00Z"}, "is over", id="past"),
        pytest.param({"at": None}, "The field at", id="null"),
        pytest.param({"reason": ""}, "The field reason", id="no-reason"),
        pytest.param({"reason": 7}, "The field reason", id="number"),
        pytest.param({"who": "me"}, "There is no field", id="unknown-field"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_in_a_sentence(client, path, change, sentence):
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    answer = client.post(path, json={"action": "pause", "at": at, "reason": "x", **change})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_request")
    assert sentence in answer.json["error"]["message"]
    assert client.get(path).json == []


def test_a_connector_of_somebody_else_has_no_plans(client):
    answer = client.get("/_/connectors/nobodys/planned-changes")

    assert answer.json["error"]["code"] == "unknown_connector"
