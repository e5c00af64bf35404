from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from pbf.fivetran.models import Connector, Schedule
from pbf.rules.parsed_schedule import DAYS, in_words
from pbf.rules.parsed_schedule import expected as expected_by
from pbf.rules.schedule import (
    asked_in_words,
    choices,
    differs,
    next_exactly,
    next_in_words,
    next_sync,
)
from pbf.rules.watch.freshness import default_terms

END = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)


def connector(**fields) -> Connector:
    status = {"setup_state": "connected", "sync_state": "scheduled", **fields.pop("status", {})}
    values = {"schedule_type": "auto", "sync_frequency": 360, "succeeded_at": END, **fields}
    return Connector.model_validate({"id": "one", "status": status, **values})


def scheduled(kind: str, **fields) -> Connector:
    """A connector whose older fields say every 6 hours, and whose schedule takes precedence."""
    return connector(schedule={"schedule_type": kind, **fields})


def at_two(*days: str) -> Schedule:
    """A schedule of some days at 02:00."""
    return Schedule(schedule_type="TIME_OF_DAY", time_of_day="02:00", days_of_week=days)


@pytest.mark.parametrize(
    ("subject", "expected"),
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
            None,
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
        # END is a Friday.
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="02:00:00", days_of_week=["MONDAY"]),
            datetime(2026, 11, 23, 2, 0, tzinfo=UTC),
            id="mondays",
        ),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="14:30", days_of_week=[]),
            END.replace(hour=14),
            id="each-day",
        ),
        pytest.param(scheduled("INTERVAL", interval=90), END + timedelta(minutes=90), id="90"),
        pytest.param(
            scheduled("INTERVAL", interval=90, days_of_week=["MONDAY"]), None, id="90-on-mondays"
        ),
        pytest.param(scheduled("CRON", cron="0 9 * * 1-5"), None, id="cron"),
        pytest.param(scheduled("MANUAL"), None, id="manual-schedule"),
        pytest.param(scheduled("LUNAR"), None, id="new-kind"),
        pytest.param(scheduled("TIME_OF_DAY", time_of_day="noon"), None, id="no-time"),
        pytest.param(connector(sync_frequency=10**12), None, id="a-million-years"),
        pytest.param(
            connector(succeeded_at=datetime(9999, 12, 31, 23, tzinfo=UTC)), None, id="year-9999"
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
def test_the_next_sync_follows_from_the_last_and_the_schedule(subject: Connector, expected):
    assert next_sync(subject, END + timedelta(hours=2)) == expected


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param(connector(), "in about 3 hours", id="ahead"),
        pytest.param(connector(sync_frequency=60), "due now", id="overdue"),
        pytest.param(connector(sync_frequency=121), "within a minute", id="soon"),
        pytest.param(connector(schedule_type="manual"), "manual only", id="manual"),
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
            "once it is repaired",
            id="broken",
        ),
        pytest.param(
            connector(status={"setup_state": "broken"}),
            "not known",
            id="broken-and-a-sync-shows",
        ),
        pytest.param(
            connector(
                sync_frequency=1440,
                status={"setup_state": "broken", "tasks": [{"code": "update_failed"}]},
            ),
            "not known",
            id="broken-by-a-failed-sync",
        ),
        pytest.param(
            connector(status={"setup_state": "broken"}, schedule_type="manual"),
            "manual only",
            id="broken-and-manual",
        ),
        pytest.param(connector(succeeded_at=None), "not known", id="never-synced"),
        pytest.param(scheduled("CRON", cron="0 9 * * 1-5"), "not known", id="cron"),
        pytest.param(
            connector(sync_frequency=1440),
            "daily at midnight in the destination's time zone",
            id="daily-without-a-time",
        ),
    ],
)
def test_the_next_sync_is_described_in_words(subject: Connector, words: str):
    now = END + timedelta(hours=2, seconds=50)

    assert next_in_words(subject, now) == words


@pytest.mark.parametrize("field", ["succeeded_at", "failed_at"])
def test_nothing_follows_from_a_sync_that_is_still_to_come(field):
    subject = connector(**{field: END + timedelta(days=3)})

    assert next_sync(subject, END) is None
    assert next_in_words(subject, END) == "not known"
    assert next_sync(subject, END + timedelta(days=3, seconds=-10)) is not None


def test_the_exact_time_is_in_utc():
    assert next_exactly(connector(), END) == "About 2026-11-20 16:30:00 UTC"
    assert next_exactly(connector(paused=True), END) == ""


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="02:00:00", days_of_week=["MONDAY"]),
            "Mondays at 02:00 UTC",
            id="one-day",
        ),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="14:30", days_of_week=[]),
            "Daily at 14:30 UTC",
            id="no-days",
        ),
        pytest.param(
            scheduled(
                "TIME_OF_DAY",
                time_of_day="06:00",
                days_of_week=["FRIDAY", "MONDAY", "WEDNESDAY"],
            ),
            "Mon, Wed and Fri at 06:00 UTC",
            id="days",
        ),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="06:00", days_of_week=["SUNDAY", "SATURDAY"]),
            "Weekends at 06:00 UTC",
            id="weekends",
        ),
        pytest.param(scheduled("INTERVAL", interval=90), "Every 90 minutes", id="interval"),
        pytest.param(
            scheduled("INTERVAL", interval=60, days_of_week=["TUESDAY"]),
            "Hourly, Tuesdays",
            id="interval-on-days",
        ),
        pytest.param(
            scheduled("INTERVAL", interval=45, days_of_week=list(DAYS[:5])),
            "Every 45 minutes, weekdays",
            id="interval-on-weekdays",
        ),
        pytest.param(scheduled("CRON", cron="0 9 * * 1-5"), "Cron: 0 9 * * 1-5", id="cron"),
        pytest.param(scheduled("MANUAL"), "Manual only", id="manual"),
        pytest.param(scheduled("LUNAR"), "Set at Fivetran", id="new-kind"),
        pytest.param(scheduled("INTERVAL", interval=None), "Every 6 hours", id="no-interval"),
        pytest.param(
            scheduled("INTERVAL", days_of_week=["MONDAY"]),
            "Every 6 hours, Mondays",
            id="no-interval-on-days",
        ),
        pytest.param(
            connector(schedule={"schedule_type": "INTERVAL"}, sync_frequency=None),
            "Set at Fivetran",
            id="no-interval-at-all",
        ),
        pytest.param(scheduled("TIME_OF_DAY", time_of_day=7), "Set at Fivetran", id="no-time"),
        pytest.param(connector(schedule=None), "Every 6 hours", id="no-schedule"),
        pytest.param(connector(schedule=[]), "Every 6 hours", id="empty-list"),
        pytest.param(connector(schedule={}), "Every 6 hours", id="empty-schedule"),
        pytest.param(
            connector(schedule=dict.fromkeys(Schedule.model_fields)),
            "Every 6 hours",
            id="schedule-of-nulls",
        ),
        pytest.param(
            connector(schedule={"schedule_type": "", "cron": "", "days_of_week": []}),
            "Every 6 hours",
            id="schedule-of-empty-values",
        ),
    ],
)
def test_a_schedule_takes_precedence_and_is_described_in_words(subject: Connector, words: str):
    assert in_words(subject) == words


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(connector(schedule="weekly"), id="text"),
        pytest.param(connector(schedule=["MONDAY"]), id="list"),
        pytest.param(connector(schedule=7), id="number"),
        pytest.param(connector(schedule={"interval": "often"}), id="nothing-readable"),
        pytest.param(scheduled("INTERVAL", interval=1e30), id="interval-beyond-all-numbers"),
        pytest.param(scheduled("INTERVAL", interval=0), id="interval-of-nothing"),
        pytest.param(
            scheduled("INTERVAL", interval=60, days_of_week="MONDAY"), id="days-that-are-no-list"
        ),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="02:00", days_of_week=[None, 3, "MONDAY"]),
            id="days-that-are-no-texts",
        ),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="02:00", days_of_week=["FUNDAY", "MONDAY"]),
            id="day-that-is-unknown",
        ),
        pytest.param(connector(sync_frequency=1440, daily_sync_time="25:99"), id="no-such-time"),
        pytest.param(connector(sync_frequency=1440, daily_sync_time="5:00"), id="short-time"),
        pytest.param(connector(sync_frequency=1440, daily_sync_time=5), id="time-as-number"),
        pytest.param(connector(sync_frequency=1440, daily_sync_time=0), id="time-as-zero"),
        pytest.param(connector(schedule_type="lunar"), id="older-kind-that-is-unknown"),
        pytest.param(connector(schedule_type=["manual"]), id="older-kind-that-is-no-text"),
    ],
)
def test_nothing_is_worked_out_from_a_schedule_with_an_unreadable_part(subject: Connector):
    [from_cache] = TypeAdapter(tuple[Connector, ...]).validate_json(
        f"[{subject.model_dump_json()}]"
    )

    assert from_cache == subject
    assert in_words(subject) == "Set at Fivetran"
    assert next_in_words(subject, END) == "not known"
    assert expected_by(subject) is None
    assert default_terms(subject) is None


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_daily_sync_without_a_time_starts_at_midnight(value):
    subject = connector(sync_frequency=1440, daily_sync_time=value)

    assert in_words(subject) == "Daily at midnight in the destination's time zone"


@pytest.mark.parametrize(
    ("subject", "moment"),
    [
        pytest.param(connector(), END + timedelta(hours=6), id="interval"),
        pytest.param(
            scheduled("TIME_OF_DAY", time_of_day="02:00", days_of_week=["MONDAY"]),
            datetime(2026, 11, 23, 3, 0, tzinfo=UTC),
            id="an-hour-after-the-time",
        ),
        pytest.param(connector(sync_frequency=1440), END + timedelta(days=1), id="daily"),
        pytest.param(scheduled("CRON", cron="0 9 * * 1-5"), None, id="cron"),
        pytest.param(scheduled("MANUAL"), None, id="manual"),
        pytest.param(connector(succeeded_at=None), None, id="never"),
    ],
)
def test_the_next_success_is_expected_with_the_destination_offset(subject, moment):
    assert expected_by(subject) == moment


def test_a_custom_frequency_is_among_the_choices():
    assert next(iter(choices(connector(sync_frequency=2880)).items())) == (2880, "Every 2 days")
    assert 2880 not in choices(connector())
    assert choices(connector(sync_frequency=None)) == choices(connector())


@pytest.mark.parametrize(
    ("other_schedule", "differ"),
    [
        pytest.param({"schedule_type": "INTERVAL", "interval": 360}, False, id="as-it-is"),
        pytest.param({"schedule_type": "INTERVAL", "interval": 60}, True, id="hourly"),
        pytest.param({"schedule_type": "MANUAL"}, True, id="manual"),
        pytest.param({"schedule_type": "TIME_OF_DAY", "time_of_day": "07:00"}, True, id="daily"),
    ],
)
def test_schedules_are_compared_across_both_forms(other_schedule: dict, differ: bool):
    assert differs(connector(), Schedule.model_validate(other_schedule)) is differ


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"sync_frequency": 360, "schedule_type": None}, "every 6 hours", id="hours"),
        pytest.param(
            {"schedule_type": "auto", "sync_frequency": 1440, "daily_sync_time": "06:00"},
            "on a schedule, daily, at 06:00 UTC",
            id="all",
        ),
        pytest.param({"schedule_type": "manual"}, "manual only", id="manual"),
        pytest.param({"sync_frequency": 2880}, "every 2 days", id="fivetrans-own"),
        pytest.param(
            {"schedule": Schedule(schedule_type="TIME_OF_DAY", time_of_day="02:00")},
            "daily at 02:00 UTC",
            id="schedule",
        ),
        pytest.param({"schedule": at_two("MONDAY")}, "Mondays at 02:00 UTC", id="a-day"),
        pytest.param(
            {"schedule": at_two("MONDAY", "FRIDAY")}, "Mon and Fri at 02:00 UTC", id="days"
        ),
        pytest.param(
            {"schedule": at_two("SATURDAY", "SUNDAY")}, "weekends at 02:00 UTC", id="weekends"
        ),
        pytest.param(
            {"schedule": Schedule(schedule_type="INTERVAL", interval=60, days_of_week=("MONDAY",))},
            "hourly, Mondays",
            id="interval-on-a-day",
        ),
        pytest.param(
            {"schedule": Schedule(schedule_type="LUNAR")}, "Set at Fivetran", id="new-kind"
        ),
        pytest.param({}, "", id="nothing"),
    ],
)
def test_a_requested_schedule_is_described_in_words(changes: dict, words: str):
    assert asked_in_words(changes) == words
