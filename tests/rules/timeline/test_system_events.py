from datetime import UTC, datetime, timedelta

import pytest

from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.timeline.system_events import of_syncs

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OUTCOMES = {"s": Outcome.SUCCEEDED, "f": Outcome.FAILED, "n": Outcome.NEEDS_ACTION}
OUTCOMES |= {"r": Outcome.RUNNING}


@pytest.mark.parametrize(
    ("letters", "events"),
    [
        pytest.param("sss", [], id="healthy"),
        pytest.param("sfs", [(1, "failed", "Away."), (2, "recovered", "")], id="once"),
        pytest.param(
            "sfnrs",
            [(1, "failed", "2 times in a row. Away."), (4, "recovered", "")],
            id="in-a-row",
        ),
        pytest.param("ff", [(0, "failed", "2 times in a row. Away.")], id="goes-on"),
    ],
)
def test_a_row_of_failures_is_one_event_until_it_recovers(letters, events):
    syncs = [
        SyncEntry(
            "c",
            str(hour),
            NOW + timedelta(hours=hour),
            NOW + timedelta(hours=hour),
            OUTCOMES[letter],
            "Away." if letter in "fn" else "",
        )
        for hour, letter in enumerate(letters)
    ]

    seen = [
        ((event.at - NOW) / timedelta(hours=1), event.kind, event.details)
        for event in of_syncs(reversed(syncs))
    ]

    assert seen == events
