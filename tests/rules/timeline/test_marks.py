from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.rules.timeline.entries import DayEntry, Period, SyncEntry
from pbf.rules.timeline.marks import MOST_SYNCS, SPANS, kind_of, of_days, of_syncs
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.timeline.unobserved_time import covered, gaps

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALWAYS = [Period(NOW - timedelta(days=400), NOW)]


def sync(ago: float, outcome: str = "succeeded", *, took: float | None = 0.1) -> SyncEntry:
    """A sync that started so many hours ago."""
    start = NOW - ago * HOUR
    end = None if took is None else start + took * HOUR
    return SyncEntry("c", f"s{ago}", start, end, Outcome(outcome))


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        pytest.param((3, 0, 0), "succeeded", id="all-succeeded"),
        pytest.param((0, 2, 1), "failed", id="all-failed"),
        pytest.param((3, 1, 0), "mixed", id="both"),
        pytest.param((0, 0, 1), "other", id="running"),
        pytest.param((0, 0, 0), "none", id="nothing"),
    ],
)
def test_a_mark_shows_what_ended_how(counts, kind):
    assert kind_of(*counts) == kind


def test_few_syncs_have_a_mark_each_in_their_place_and_as_wide_as_they_took():
    row = of_syncs([sync(6, "failed", took=6), sync(12, took=0)], ALWAYS, "day", NOW)

    assert [mark.kind for mark in row.marks] == ["succeeded", "failed"]
    assert [round(mark.left, 3) for mark in row.marks] == [0.5, 0.75]
    assert [round(mark.width, 3) for mark in row.marks] == [0.006, 0.25]
    assert row.gaps == []


def test_many_syncs_are_counted_by_step():
    syncs = [
        sync(0.1 + index / 10, "failed" if index == 7 else "succeeded") for index in range(200)
    ]

    row = of_syncs(syncs, ALWAYS, "day", NOW)

    assert len(row.marks) == 96
    assert sum(mark.succeeded for mark in row.marks) == 199
    assert sum(mark.failed for mark in row.marks) == 1


def test_a_day_without_syncs_is_unobserved_unless_all_of_it_was_observed():
    today = NOW.date()
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    days = [DayEntry(today, 3, 1), DayEntry(today - timedelta(days=3), 1)]
    observed = [
        Period(midnight - timedelta(days=1), NOW),
        Period(NOW - timedelta(days=3), midnight - timedelta(days=1) - HOUR),
    ][::-1]

    row = of_days(days, observed, NOW - timedelta(days=4), NOW)

    kinds = [(mark.kind, mark.partly) for mark in row.marks]
    assert kinds == [
        ("unobserved", False),
        ("succeeded", True),
        ("unobserved", False),
        ("none", False),
        ("mixed", False),
    ]


def test_what_was_not_observed_lies_between_the_marks_of_syncs():
    observed = [Period(NOW - 18 * HOUR, NOW - 12 * HOUR), Period(NOW - 6 * HOUR, NOW)]

    row = of_syncs([sync(5)], observed, "day", NOW)

    assert [(gap.left, gap.width) for gap in row.gaps] == [(0, 0.25), (0.5, 0.25)]


def test_a_sync_without_a_start_stands_where_it_ended_and_a_queued_one_nowhere():
    listed = SyncEntry("c", "", None, NOW - 12 * HOUR, Outcome.SUCCEEDED)
    queued = SyncEntry("c", "q", None, None, Outcome.QUEUED)

    row = of_syncs([queued, listed], ALWAYS, "day", NOW)

    assert [mark.left for mark in row.marks] == [0.5]


HOURS = st.floats(-10, 3000, allow_nan=False)
SYNCS = st.lists(
    st.builds(sync, HOURS, st.sampled_from(list(Outcome)), took=st.none() | st.floats(0, 50)),
    max_size=2 * MOST_SYNCS,
)


@given(SYNCS, st.sampled_from(list(SPANS)))
def test_every_sync_of_the_span_is_in_one_mark_within_the_row(syncs, span):
    row = of_syncs(syncs, ALWAYS, span, NOW)

    within = [one for one in syncs if NOW - SPANS[span] <= one.started_at < NOW]
    assert sum(mark.succeeded + mark.failed + mark.other for mark in row.marks) == len(within)
    assert all(0 <= mark.left <= 1 and mark.left + mark.width <= 1.000001 for mark in row.marks)


@st.composite
def observations(draw) -> list[Period]:
    """Sorted, separate periods."""
    edges = sorted(draw(st.sets(st.integers(0, 3000), max_size=20)), reverse=True)
    return [
        Period(NOW - a * HOUR, NOW - b * HOUR)
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]


@given(observations(), st.integers(0, 3000), st.integers(0, 3000))
def test_gaps_and_observed_time_make_up_the_whole(observed, first, last):
    since, until = sorted((NOW - first * HOUR, NOW - last * HOUR))
    left_out = sum((gap.until - gap.since).total_seconds() for gap in gaps(observed, since, until))

    assert left_out + covered(observed, since, until) == (until - since).total_seconds()


@given(observations())
def test_no_gap_is_shown_as_health(observed):
    row = of_days([], observed, NOW - timedelta(days=90), NOW)

    for mark in row.marks:
        whole = (
            covered(observed, mark.since, min(mark.until, NOW))
            == (min(mark.until, NOW) - mark.since).total_seconds()
        )
        assert mark.kind == ("none" if whole else "unobserved")


@pytest.mark.parametrize(("ago", "is_known"), [(10, True), (40, False)])
def test_what_happened_since_a_look_a_moment_ago_is_no_gap(ago, is_known):
    observed = [Period(NOW - timedelta(days=400), NOW - timedelta(minutes=ago))]

    days = of_days([], observed, NOW - timedelta(days=90), NOW)
    day = of_syncs([], observed, "day", NOW)

    assert (days.marks[-1].kind == "none") is is_known
    assert (day.gaps == []) is is_known
