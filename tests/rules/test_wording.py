import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from pbf.rules.wording import ago, exact, left, spaced

# The same cases as in the browser.
TIMES = json.loads((Path(__file__).parents[1] / "support" / "times.json").read_text())
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("NewThing", "New thing", id="capitals"),
        pytest.param("new_thing", "new thing", id="underscore"),
        pytest.param("private_preview", "private preview", id="value-of-fivetrans"),
        pytest.param("API", "API", id="abbreviation"),
        pytest.param("Web3Thing", "Web3 thing", id="digit"),
        pytest.param("", "", id="nothing"),
        pytest.param("__", "", id="underscores-only"),
    ],
)
def test_a_value_becomes_words(value, expected):
    assert spaced(value) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(timedelta(seconds=seconds), text, id=f"{seconds}")
        for kind, seconds, text in TIMES
        if kind == "past"
    ],
)
def test_the_time_since_is_in_the_largest_unit(before, expected):
    assert ago(NOW - before, NOW) == expected


def test_an_exact_time_is_in_utc_to_the_second():
    there = datetime(2026, 3, 1, 14, 5, 9, 123456, tzinfo=timezone(timedelta(hours=2)))

    assert exact(there) == "2026-03-01 12:05:09 UTC"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(24 * 3600, "24 hours", id="a-day"),
        pytest.param(24 * 3600 - 5, "24 hours", id="a-day-a-moment-ago"),
        pytest.param(48 * 3600 - 5, "2 days", id="two-days-a-moment-ago"),
        pytest.param(30 * 86400, "30 days", id="a-month"),
        pytest.param(90 * 60, "90 minutes", id="an-hour-and-a-half"),
        pytest.param(60, "1 minute", id="a-minute"),
        pytest.param(5, "less than a minute", id="a-moment"),
    ],
)
def test_the_remaining_time_is_rounded(seconds, expected):
    assert left(seconds) == expected
