from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.fivetran.models import Connector
from pbf.rules.timeline.entries import Period, SyncEntry
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.timeline.summary import (
    count_days,
    longest_outage,
    longest_without_data,
    percent,
    sentences,
    summarize,
)

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALWAYS = [Period(NOW - timedelta(days=400), NOW)]
OUTCOMES = {"s": Outcome.SUCCEEDED, "f": Outcome.FAILED, "n": Outcome.NEEDS_ACTION}
OUTCOMES |= {"r": Outcome.RESCHEDULED, "e": Outcome.ENDED}


def hourly(letters: str) -> list[SyncEntry]:
    """Syncs of half an hour each, one an hour, the last of which started an hour ago."""
    starts = [NOW - back * HOUR for back in range(len(letters), 0, -1)]
    return [
        SyncEntry("c", str(start), start, start + HOUR / 2, OUTCOMES[letter])
        for start, letter in zip(starts, letters, strict=True)
    ]


def summary(syncs, observed=ALWAYS, hours=24):
    return summarize(syncs, count_days(syncs), observed, NOW - hours * HOUR, NOW)


@pytest.mark.parametrize(
    ("letters", "hours", "failures", "over"),
    [
        pytest.param("sffs", 3, 2, True, id="from-success-to-success"),
        pytest.param("sfsffns", 4, 3, True, id="the-longest-of-two"),
        pytest.param("ffs", 2.5, 2, True, id="no-success-before"),
        pytest.param("ssf", 1.5, 1, False, id="goes-on"),
        pytest.param("sfrefs", 5, 2, True, id="neither-success-nor-failure"),
    ],
)
def test_an_outage_lasts_from_the_success_before_to_the_success_after(
    letters, hours, failures, over
):
    outage = longest_outage(hourly(letters), ALWAYS, NOW)

    assert outage.seconds == hours * 3600
    assert (outage.failures, outage.ended_at is not None) == (failures, over)


@pytest.mark.parametrize("letters", ["", "sss", "srs", "e"])
def test_without_failures_there_is_no_outage(letters):
    assert longest_outage(hourly(letters), ALWAYS, NOW) is None


def test_what_was_not_observed_is_no_part_of_an_outage():
    observed = [Period(NOW - 24 * HOUR, NOW - 2 * HOUR), Period(NOW - HOUR, NOW)]

    assert longest_outage(hourly("sffs"), observed, NOW).seconds == 2 * 3600


def test_the_success_rate_leaves_out_what_neither_succeeded_nor_failed():
    result = summary(hourly("sssfree"))

    assert (result.succeeded, result.failed, result.other, result.rate) == (3, 1, 3, 0.75)
    assert result.last_success == NOW - 4.5 * HOUR


def test_busy_is_the_share_of_the_observed_time():
    observed = [Period(NOW - 4 * HOUR, NOW)]

    assert summary(hourly("ssss"), observed).busy == 0.5
    assert summary(hourly("ss"), []).busy is None


def test_the_sentences_say_what_is_known_and_no_more():
    assert sentences(summary([])) == ["No sync was seen."]
    assert sentences(summary(hourly("sfs"))) == [
        "66.7% of 3 syncs succeeded.",
        "The longest outage lasted 2 hours.",
        "It spent 6.2% of the observed time syncing.",
    ]
    assert "and is not over." in sentences(summary(hourly("sf")))[1]


@pytest.mark.parametrize(
    ("share", "text"),
    [(1, "100%"), (0.99999, "99.9%"), (0.5, "50.0%"), (0.00001, "0.1%"), (0, "0%")],
)
def test_only_the_whole_is_called_so(share, text):
    assert percent(share) == text


@given(st.text("sfnre", max_size=60))
def test_an_outage_is_within_the_period_and_holds_failures(letters):
    outage = longest_outage(hourly(letters), ALWAYS, NOW)

    assert (outage is None) == (not set(letters) & {"f", "n"})
    if outage:
        assert 0 <= outage.seconds <= len(letters) * 3600
        assert 1 <= outage.failures <= letters.count("f") + letters.count("n")


def test_the_oldest_data_comes_first_and_only_of_what_is_expected_to_run():
    def connector(name: str, **fields: object) -> Connector:
        return Connector.model_validate({"id": name, "schema": name, "service": "stripe", **fields})

    ages = {"old": 300, "older": 500, "new": 1}
    connectors = [
        connector(name, succeeded_at=(NOW - ago * HOUR).isoformat()) for name, ago in ages.items()
    ]
    connectors.append(connector("never", created_at=(NOW - 400 * HOUR).isoformat()))
    connectors.append(connector("paused", paused=True, succeeded_at=(NOW - 900 * HOUR).isoformat()))

    oldest = longest_without_data(connectors, NOW, most=3)

    assert [item.id for item, _ in oldest] == ["older", "never", "old"]
