from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from pbf.fivetran.models import Connector
from pbf.rules.health import (
    ACTIONS,
    LONGEST_REASON,
    TONES,
    URGENT,
    Health,
    changed_at,
    health,
    is_moving,
    since,
)
from pbf.rules.parsed_schedule import in_words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLDER, NEWER = NOW - timedelta(hours=2), NOW - timedelta(hours=1)

RECONNECT = {"code": "reconnect", "message": "Reconnect", "details": "The password has expired."}
OTHER = {"code": "resync_table_warning", "message": "Choose a key", "details": ""}
SYNC_FAILED = {
    "code": "update_failed",
    "message": "Sync failed",
    "details": "One of three endpoints failed.",
}
SETUPS = ["incomplete", "connected", "broken", "made_yesterday"]
SYNCS = ["scheduled", "syncing", "paused", "rescheduled", "made_yesterday"]
UPDATES = ["on_schedule", "delayed", "made_yesterday"]
PAUSED = [False, True]
HISTORICAL = [False, True]
TASKS = [[], [RECONNECT], [OTHER], [OTHER, RECONNECT], [SYNC_FAILED]]
WARNINGS = [[], [{"code": "sync_warning", "message": "A sheet was skipped"}]]
LAST = [
    (None, None),
    (OLDER, None),
    (None, OLDER),
    (OLDER, NEWER),
    (NEWER, OLDER),
    (NEWER, NEWER),
]
RESCHEDULED = [
    None,
    NOW - timedelta(hours=2),
    NOW - timedelta(minutes=1),
    NOW + timedelta(minutes=30),
]
SCHEDULES = ["auto", "manual"]


def connector(
    *,
    setup: str = "connected",
    sync: str = "scheduled",
    update: str = "on_schedule",
    paused: bool = False,
    historical: bool = False,
    tasks: object = (),
    warnings: object = (),
    last: tuple[datetime | None, datetime | None] = (NEWER, None),
    until: datetime | None = None,
    schedule: str = "auto",
) -> Connector:
    """A working connector, except for the given values; `last` is success and failure."""
    status = {
        "setup_state": setup,
        "sync_state": sync,
        "update_state": update,
        "is_historical_sync": historical,
        "tasks": list(tasks),
        "warnings": list(warnings),
        "rescheduled_for": until,
    }
    return Connector.model_validate(
        {
            "id": "one",
            "paused": paused,
            "succeeded_at": last[0],
            "failed_at": last[1],
            "schedule_type": schedule,
            "status": status,
        }
    )


def every_connector() -> Iterator[Connector]:
    """Yield one connector for each combination of the enumerated values."""
    names = ("setup", "sync", "update", "paused", "historical", "tasks", "warnings")
    values = (SETUPS, SYNCS, UPDATES, PAUSED, HISTORICAL, TASKS, WARNINGS)
    for combination in product(*values, LAST, RESCHEDULED, SCHEDULES):
        *states, last, until, schedule = combination
        if until is not None and "rescheduled" not in states:
            continue
        fields = dict(zip(names, states, strict=True))
        yield connector(**fields, last=last, until=until, schedule=schedule)


@pytest.fixture(scope="module")
def everything() -> list[tuple[Connector, Health]]:
    """Every combination with its health; the tests below check what must be true of all."""
    return [(connector, health(connector, NOW)) for connector in every_connector()]


def is_paused(connector: Connector) -> bool:
    return connector.paused is True or connector.status.sync_state == "paused"


def broken_rules(everything, word: str, holds) -> list[tuple[Connector, Health]]:
    """The connectors with the status `word` that break its rule; at least one has the status."""
    states = [(connector, state) for connector, state in everything if state.word == word]
    assert states, f"nothing is {word}"
    return [(connector, state) for connector, state in states if not holds(connector)]


def failed_last(connector: Connector) -> bool:
    return connector.failed_at is not None and (
        connector.succeeded_at is None or connector.failed_at > connector.succeeded_at
    )


def test_there_are_thousands_of_combinations(everything):
    assert len(everything) > 10_000


def test_every_status_word_occurs_and_there_is_no_other(everything):
    assert {state.word for _, state in everything} == set(TONES)


def test_every_word_has_a_tone_and_every_action_a_label(everything):
    for _, state in everything:
        assert state.tone == TONES[state.word]
        assert state.action is None or ACTIONS[state.action]


def test_every_reason_is_a_sentence(everything):
    reasons = {state.reason for _, state in everything}

    for reason in reasons:
        assert reason.endswith("."), reason
        assert reason[0].isupper(), reason
        assert reason.count(". ") == 0, reason
        assert reason.isprintable(), reason
        assert "None" not in reason


def test_working_means_complete_set_up_no_task_and_no_failure(everything):
    def holds(connector: Connector) -> bool:
        return (
            not connector.status.tasks
            and connector.status.setup_state == "connected"
            and connector.succeeded_at is not None
            and not failed_last(connector)
            and connector.status.update_state == "on_schedule"
            and connector.status.sync_state in ("scheduled", "syncing")
            and not connector.paused
        )

    assert broken_rules(everything, "Working", holds) == []


def test_a_paused_connector_is_never_late(everything):
    def holds(connector: Connector) -> bool:
        return (
            not connector.paused
            and connector.status.sync_state != "paused"
            and connector.status.update_state == "delayed"
        )

    assert broken_rules(everything, "Late", holds) == []


def test_failing_means_that_it_failed(everything):
    assert broken_rules(everything, "Failing", failed_last) == []


def test_a_first_sync_is_not_failing_before_it_failed(everything):
    first = [
        (connector, state)
        for connector, state in everything
        if (connector.succeeded_at, connector.failed_at) == (None, None)
    ]

    assert first
    assert "Failing" not in {state.word for _, state in first}


def test_a_first_sync_has_neither_ended_nor_failed(everything):
    def holds(connector: Connector) -> bool:
        return connector.succeeded_at is None and connector.failed_at is None

    assert broken_rules(everything, "First sync", holds) == []


def test_only_paused_connectors_have_the_status_paused(everything):
    def holds(connector: Connector) -> bool:
        return bool(connector.paused) or connector.status.sync_state == "paused"

    assert broken_rules(everything, "Paused", holds) == []


def test_waiting_on_the_source_means_rescheduled(everything):
    def holds(connector: Connector) -> bool:
        return connector.status.sync_state == "rescheduled"

    assert broken_rules(everything, "Waiting on the source", holds) == []


def test_not_finished_means_that_the_set_up_never_passed(everything):
    def holds(connector: Connector) -> bool:
        return connector.status.setup_state == "incomplete"

    assert broken_rules(everything, "Not finished", holds) == []


def test_only_unknown_values_have_the_status_unknown(everything):
    def holds(connector: Connector) -> bool:
        status = connector.status
        return "made_yesterday" in (status.setup_state, status.sync_state, status.update_state)

    assert broken_rules(everything, "Unknown", holds) == []


def test_a_broken_connector_without_a_task_offers_a_sync(everything):
    actions = {
        (is_paused(connector), connector.status.sync_state == "syncing", state.action)
        for connector, state in everything
        if connector.status.setup_state == "broken" and not connector.status.tasks
    }

    assert actions == {
        (False, False, "sync"),
        (False, True, None),
        (True, False, "resume"),
        (True, True, "resume"),
    }


def test_a_reconnect_task_offers_to_reconnect(everything):
    states = {
        (state.word, state.action)
        for connector, state in everything
        if connector.status.setup_state != "incomplete"
        and any(task.code == "reconnect" for task in connector.status.tasks)
    }

    assert states == {("Needs you", "reconnect")}


def test_a_connector_that_needs_attention_says_what_to_do(everything):
    without = [
        (connector, state)
        for connector, state in everything
        if state.word in URGENT
        and state.action is None
        and not (state.word != "Not finished" and connector.status.sync_state == "syncing")
    ]

    assert without == []


def test_a_running_step_is_not_offered(everything):
    offered = [
        state
        for connector, state in everything
        if connector.status.sync_state == "syncing" and not is_paused(connector)
        if state.action == "sync"
        or (state.action == "resync" and connector.status.is_historical_sync)
    ]

    assert offered == []


def test_an_overdue_break_does_not_promise_to_end(everything):
    overdue = [
        state
        for connector, state in everything
        if state.word == "Waiting on the source"
        and connector.status.rescheduled_for == NOW - timedelta(hours=2)
    ]

    assert {state.action for state in overdue} == {"sync"}


def test_a_manual_schedule_does_not_promise_to_continue(everything):
    promises = ("on its own", "will try again", "starts soon")

    manual = [state for connector, state in everything if connector.schedule_type == "manual"]

    assert [s for s in manual if any(promise in s.reason for promise in promises)] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, Health("Working", "On schedule."), id="all-is-well"),
        pytest.param({"sync": "syncing"}, Health("Working", "Syncing now."), id="syncing"),
        pytest.param(
            {"sync": "syncing", "historical": True},
            Health("Working", "Re-reading its history now."),
            id="history-again",
        ),
        pytest.param(
            {"warnings": WARNINGS[1]},
            Health("Working", "Warning: A sheet was skipped."),
            id="warning",
        ),
        pytest.param(
            {"warnings": [{"code": "x", "message": " "}]},
            Health("Working", "On schedule."),
            id="warning-without-words",
        ),
        pytest.param(
            {"last": (NEWER, OLDER)}, Health("Working", "On schedule."), id="failed-before"
        ),
        pytest.param(
            {"last": (OLDER, NEWER)},
            Health("Failing", "The last sync failed; Fivetran will try again.", "sync"),
            id="failed-last",
        ),
        pytest.param(
            {"last": (OLDER, NEWER), "schedule": "manual"},
            Health("Failing", "The last sync failed.", "sync"),
            id="failed-last-on-request",
        ),
        pytest.param(
            {"last": (OLDER, NEWER), "sync": "syncing"},
            Health("Failing", "The last sync failed; another one runs now."),
            id="failed-last-and-trying",
        ),
        pytest.param(
            {"last": (None, None), "historical": True},
            Health("First sync", "The first sync starts soon."),
            id="first-sync-to-come",
        ),
        pytest.param(
            {"last": (None, None), "schedule": "manual"},
            Health("First sync", "The first sync starts when you request it.", "sync"),
            id="first-sync-on-request",
        ),
        pytest.param(
            {"last": (None, None), "sync": "syncing", "historical": True},
            Health("First sync", "Reading everything once; this can take a while."),
            id="first-sync",
        ),
        pytest.param(
            {"last": (None, NEWER), "sync": "syncing", "historical": True},
            Health("Failing", "The last sync failed; another one runs now."),
            id="first-sync-failed",
        ),
        pytest.param(
            {"update": "delayed"},
            Health("Late", "The last sync is later than its schedule allows.", "sync"),
            id="late",
        ),
        pytest.param(
            {"update": "delayed", "sync": "syncing"},
            Health("Late", "It is later than its schedule allows; a sync runs now."),
            id="late-and-syncing",
        ),
        pytest.param(
            {"sync": "rescheduled", "until": NOW + timedelta(minutes=30)},
            Health(
                "Waiting on the source",
                "The source requested a break; syncing continues on its own in 30 min.",
            ),
            id="rescheduled",
        ),
        pytest.param(
            {"sync": "rescheduled", "until": NOW + timedelta(hours=5)},
            Health(
                "Waiting on the source",
                "The source requested a break; syncing continues on its own in 5 hours.",
            ),
            id="rescheduled-for-hours",
        ),
        pytest.param(
            {"sync": "rescheduled", "until": NOW - timedelta(minutes=1)},
            Health(
                "Waiting on the source",
                "The source requested a break; syncing continues on its own.",
            ),
            id="rescheduled-for-now",
        ),
        pytest.param(
            {"sync": "rescheduled", "until": NOW - timedelta(hours=2)},
            Health(
                "Waiting on the source",
                "The break that the source requested is over, but no sync has started.",
                "sync",
            ),
            id="rescheduled-and-forgotten",
        ),
        pytest.param(
            {"sync": "rescheduled", "schedule": "manual"},
            Health("Waiting on the source", "The source requested a break.", "sync"),
            id="rescheduled-on-request",
        ),
        pytest.param(
            {"paused": True, "sync": "paused", "update": "delayed", "last": (OLDER, NEWER)},
            Health("Paused", "No data moves until it is resumed.", "resume"),
            id="paused",
        ),
        pytest.param(
            {"setup": "incomplete", "last": (None, None)},
            Health("Not finished", "The set-up was started but not completed.", "finish"),
            id="not-finished",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [RECONNECT]},
            Health("Needs you", "The password has expired.", "reconnect"),
            id="reconnect",
        ),
        pytest.param(
            {"tasks": [OTHER, RECONNECT]},
            Health("Needs you", "The password has expired.", "reconnect"),
            id="reconnect-among-others",
        ),
        pytest.param(
            {"tasks": [{"code": "reconnect"}]},
            Health("Needs you", "Fivetran can no longer sign in.", "reconnect"),
            id="reconnect-without-words",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [OTHER]},
            Health("Needs you", "Choose a key.", "resync"),
            id="broken-with-a-task",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [{"code": "x"}]},
            Health("Needs you", "The connection is broken.", "reconnect"),
            id="broken-without-words",
        ),
        pytest.param(
            {"setup": "broken"},
            Health("Needs you", "The connection broke; a sync shows if it works.", "sync"),
            id="broken-but-tests-pass",
        ),
        pytest.param(
            {"setup": "broken", "sync": "syncing"},
            Health(
                "Needs you",
                "The connection broke; a sync runs now and will show whether it works.",
            ),
            id="broken-and-a-sync-shows",
        ),
        pytest.param(
            {"tasks": [SYNC_FAILED], "sync": "syncing"},
            Health(
                "Needs you",
                "One of three endpoints failed; a sync runs now and will show whether it works.",
            ),
            id="sync-task-and-a-sync-runs",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [OTHER], "sync": "syncing"},
            Health("Needs you", "Choose a key.", "resync"),
            id="resync-task-and-any-sync-runs",
        ),
        pytest.param(
            {"tasks": [OTHER], "sync": "syncing", "historical": True},
            Health("Needs you", "Choose a key; its history is being read again now."),
            id="resync-task-and-history-is-read",
        ),
        pytest.param(
            {"tasks": [OTHER]}, Health("Needs you", "Choose a key.", "resync"), id="resync-task"
        ),
        pytest.param(
            {"setup": "broken", "tasks": [SYNC_FAILED]},
            Health("Needs you", "One of three endpoints failed.", "sync"),
            id="broken-until-a-sync-succeeds",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [SYNC_FAILED], "paused": True},
            Health("Needs you", "One of three endpoints failed.", "resume"),
            id="broken-until-a-sync-succeeds-and-paused",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [SYNC_FAILED, RECONNECT]},
            Health("Needs you", "The password has expired.", "reconnect"),
            id="reconnect-goes-first",
        ),
        pytest.param(
            {"tasks": [{"code": "made_yesterday", "message": "Look"}]},
            Health("Needs you", "Look.", "edit"),
            id="task-that-is-new-to-us",
        ),
        pytest.param(
            {"warnings": [{"code": "schema_change", "message": "Schema changed"}, OTHER]},
            Health("Working", "Warning: Schema changed.", "resync"),
            id="warning-that-a-resync-clears",
        ),
        pytest.param(
            {"setup": "broken", "tasks": [RECONNECT], "paused": True},
            Health("Needs you", "The password has expired.", "reconnect"),
            id="broken-and-paused",
        ),
        pytest.param(
            {"setup": "made_yesterday"},
            Health("Unknown", "Fivetran reports a set-up state that is new to us.", "edit"),
            id="new-set-up-state",
        ),
        pytest.param(
            {"sync": "made_yesterday"},
            Health("Unknown", "Fivetran reports a state that is new to us.", "sync"),
            id="new-sync-state",
        ),
    ],
)
def test_each_state_has_its_status_reason_and_next_step(changes, expected):
    assert health(connector(**changes), NOW) == expected


def test_a_connector_without_values_is_unknown():
    assert health(Connector(id="one"), NOW).word == "Unknown"


def test_a_long_explanation_is_cut_visibly():
    long = connector(tasks=[{"code": "x", "details": "Too many \n words to say. " * 100}])

    reason = health(long, NOW).reason

    assert reason.startswith("Too many words to say. Too many")
    assert reason.endswith("...")
    assert len(reason) <= LONGEST_REASON


def test_a_long_explanation_leaves_room_for_the_running_step():
    task = {"code": "update_failed", "details": "Too many words to say. " * 100}

    reason = health(connector(tasks=[task], sync="syncing"), NOW).reason

    assert reason.endswith("...; a sync runs now and will show whether it works.")
    assert len(reason) <= LONGEST_REASON


@pytest.mark.parametrize(
    ("minutes", "schedule", "at", "expected"),
    [
        pytest.param(1, "auto", "", "Every minute", id="minute"),
        pytest.param(5, "auto", "", "Every 5 minutes", id="minutes"),
        pytest.param(60, "auto", "", "Hourly", id="hour"),
        pytest.param(90, "auto", "", "Every 90 minutes", id="hour-and-a-half"),
        pytest.param(360, "auto", "", "Every 6 hours", id="hours"),
        pytest.param(
            *(1440, "auto", "", "Daily at midnight in the destination's time zone"), id="day"
        ),
        pytest.param(1440, "auto", "14:00", "Daily at 14:00 UTC", id="day-at-a-time"),
        pytest.param(2880, "auto", "14:00", "Every 2 days", id="days"),
        pytest.param(360, "auto", "14:00", "Every 6 hours", id="time-without-a-day"),
        pytest.param(360, "manual", "", "Manual only", id="manual"),
        pytest.param(None, "manual", "", "Manual only", id="manual-without-number"),
        pytest.param(None, "auto", "", "Unknown", id="nothing"),
        pytest.param(0, "auto", "", "Unknown", id="zero"),
        pytest.param(-60, "auto", "", "Unknown", id="negative"),
        pytest.param(60, "lunar", "", "Set at Fivetran", id="new-kind-of-schedule"),
    ],
)
def test_the_frequency_is_described_in_words(minutes, schedule, at, expected):
    subject = Connector(
        id="one", sync_frequency=minutes, schedule_type=schedule, daily_sync_time=at
    )

    assert in_words(subject) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"sync": "syncing"}, True, id="syncing"),
        pytest.param({"setup": "incomplete"}, True, id="being-set-up"),
        pytest.param({}, False, id="at-rest"),
        pytest.param({"paused": True, "sync": "paused"}, False, id="paused"),
        pytest.param({"sync": "rescheduled"}, False, id="rescheduled"),
    ],
)
def test_one_moving_connector_makes_the_list_moving(changes, expected):
    assert is_moving([connector(), connector(**changes)], NOW) is expected


def test_an_empty_list_is_not_moving():
    assert is_moving([], NOW) is False


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(timedelta(0), True, id="just-made"),
        pytest.param(timedelta(minutes=59), True, id="within-the-hour"),
        pytest.param(timedelta(hours=1), False, id="abandoned"),
        pytest.param(timedelta(days=400), False, id="abandoned-last-year"),
    ],
)
def test_a_connector_in_set_up_is_moving_for_an_hour(age, expected):
    incomplete = connector(setup="incomplete").model_copy(update={"created_at": NOW - age})

    assert is_moving([incomplete], NOW) is expected


def test_the_last_change_is_the_latest_of_creation_success_and_failure():
    created = Connector(id="one", created_at=OLDER)
    failed = Connector(id="one", created_at=OLDER, succeeded_at=OLDER, failed_at=NEWER)

    assert changed_at(created) == OLDER
    assert changed_at(failed) == NEWER
    assert changed_at(Connector(id="one")) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"last": (OLDER, NEWER)}, NEWER, id="failing-since-it-failed"),
        pytest.param({"setup": "broken", "last": (OLDER, NEWER)}, NEWER, id="broken-since"),
        pytest.param({"setup": "broken"}, None, id="broken-without-a-failure"),
        pytest.param({}, None, id="working"),
        pytest.param({"setup": "incomplete"}, OLDER, id="not-finished-since-it-was-made"),
        pytest.param({"paused": True, "last": (OLDER, NEWER)}, None, id="paused"),
    ],
)
def test_the_time_since_attention_is_needed_is_known_if_fivetran_reports_it(changes, expected):
    subject = connector(**changes).model_copy(update={"created_at": OLDER})

    assert since(subject, health(subject, NOW)) == expected
