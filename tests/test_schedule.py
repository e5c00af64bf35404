from datetime import UTC, datetime, timedelta

import pytest

from pbf.actions import schedule_in_words
from pbf.models import Connector
from pbf.schedule import (
    ON_A_SCHEDULE,
    ON_REQUEST,
    change,
    choices,
    next_exactly,
    next_in_words,
    next_sync,
)

END = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def connector(**fields) -> Connector:
    status = {"setup_state": "connected", "sync_state": "scheduled", **fields.pop("status", {})}
    given = {"schedule_type": "auto", "sync_frequency": 360, "succeeded_at": END, **fields}
    return Connector.model_validate({"id": "one", "status": status, **given})


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        pytest.param(connector(), END + timedelta(hours=6), id="frequency"),
        pytest.param(
            connector(failed_at=END + timedelta(hours=1)),
            END + timedelta(hours=7),
            id="failed-last",
        ),
        pytest.param(
            connector(sync_frequency=1440, daily_sync_time="14:00"),
            END.replace(hour=14, minute=0),
            id="daily-later-today",
        ),
        pytest.param(
            connector(sync_frequency=1440, daily_sync_time="10:00"),
            END.replace(day=21, minute=0),
            id="daily-tomorrow",
        ),
        pytest.param(
            connector(sync_frequency=1440, daily_sync_time="noon"),
            END + timedelta(days=1),
            id="daily-at-no-known-time",
        ),
        pytest.param(
            connector(sync_frequency=60, daily_sync_time="14:00"),
            END + timedelta(hours=1),
            id="a-daily-time-that-is-not-in-force",
        ),
        pytest.param(
            connector(
                status={"sync_state": "rescheduled", "rescheduled_for": "2026-11-20T12:00:00Z"}
            ),
            END.replace(hour=12, minute=0),
            id="rescheduled",
        ),
        pytest.param(connector(schedule_type="manual"), None, id="manual"),
        pytest.param(connector(paused=True), None, id="paused"),
        pytest.param(connector(status={"sync_state": "syncing"}), None, id="running"),
        pytest.param(connector(status={"setup_state": "broken"}), None, id="broken"),
        pytest.param(connector(status={"setup_state": "incomplete"}), None, id="unfinished"),
        pytest.param(connector(succeeded_at=None), None, id="never-synced"),
        pytest.param(connector(sync_frequency=None), None, id="no-frequency"),
        pytest.param(connector(sync_frequency=-5), None, id="senseless-frequency"),
    ],
)
def test_the_next_sync_follows_from_the_last_and_the_schedule(one: Connector, expected):
    assert next_sync(one) == expected


@pytest.mark.parametrize(
    ("one", "words"),
    [
        pytest.param(connector(), "in 3 hours", id="ahead"),
        pytest.param(connector(sync_frequency=60), "due now", id="overdue"),
        pytest.param(connector(sync_frequency=121), "within a minute", id="soon"),
        pytest.param(connector(schedule_type="manual"), "on request", id="manual"),
        pytest.param(connector(paused=True), "once it is resumed", id="paused"),
        pytest.param(connector(status={"sync_state": "paused"}), "once it is resumed", id="state"),
        pytest.param(connector(status={"sync_state": "syncing"}), "running now", id="running"),
        pytest.param(
            connector(status={"setup_state": "incomplete"}),
            "once the set-up is finished",
            id="unfinished",
        ),
        pytest.param(
            connector(status={"setup_state": "broken", "tasks": [{"code": "reconnect"}]}),
            "once it is reconnected",
            id="broken",
        ),
        pytest.param(
            connector(status={"setup_state": "broken"}), "on request", id="broken-tests-pass"
        ),
        pytest.param(connector(succeeded_at=None), "not known", id="never-synced"),
    ],
)
def test_the_next_sync_is_told_in_words(one: Connector, words: str):
    now = END + timedelta(hours=2, seconds=50)

    assert next_in_words(one, now) == words


def test_the_exact_time_is_told_in_utc():
    assert next_exactly(connector()) == "2026-11-20 16:30:00 UTC"
    assert next_exactly(connector(paused=True)) == ""


def test_a_frequency_of_fivetrans_own_stands_among_the_choices():
    assert next(iter(choices(connector(sync_frequency=2880)).items())) == (2880, "Every 2 days")
    assert 2880 not in choices(connector())
    assert choices(connector(sync_frequency=None)) == choices(connector())


@pytest.mark.parametrize(
    ("wish", "changed"),
    [
        pytest.param((ON_A_SCHEDULE, 360, ""), {}, id="as-it-is"),
        pytest.param((ON_A_SCHEDULE, None, ""), {}, id="nothing-chosen"),
        pytest.param((ON_A_SCHEDULE, 60, ""), {"sync_frequency": 60}, id="hourly"),
        pytest.param((ON_A_SCHEDULE, 60, "07:00"), {"sync_frequency": 60}, id="no-time-for-hourly"),
        pytest.param(
            (ON_A_SCHEDULE, 1440, "07:00"),
            {"sync_frequency": 1440, "daily_sync_time": "07:00"},
            id="daily",
        ),
        pytest.param((ON_REQUEST, 60, ""), {"schedule_type": "manual"}, id="manual"),
    ],
)
def test_a_wish_changes_what_differs_alone(wish, changed):
    kind, minutes, hour = wish

    assert change(connector(), kind=kind, minutes=minutes, hour=hour) == changed


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param({"sync_frequency": 360, "schedule_type": None}, "every 6 hours", id="hours"),
        pytest.param(
            {"schedule_type": "auto", "sync_frequency": 1440, "daily_sync_time": "06:00"},
            "on a schedule, daily, at 06:00 UTC",
            id="all",
        ),
        pytest.param({"schedule_type": "manual"}, "on request", id="manual"),
        pytest.param({"sync_frequency": 2880}, "every 2880 minutes", id="fivetrans-own"),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_what_of_a_schedule_was_asked_for_is_told_in_words(asked: dict, words: str):
    assert schedule_in_words(asked) == words
