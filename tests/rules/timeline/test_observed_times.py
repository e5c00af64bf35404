import pytest

from pbf.rules.timeline.observed_times import (
    DAY,
    class_of,
    classes_of,
    merged,
    missing,
    next_window,
)

NOW = 100 * DAY


@pytest.mark.parametrize(
    ("gap", "classes"),
    [(20, (1, 5, 15, 30, 60, 180, 360, 1440)), (1800, (60, 180, 360, 1440)), (86400, ())],
)
def test_lists_cover_what_syncs_at_most_half_as_often(gap, classes):
    assert classes_of(gap) == classes


def test_a_connector_belongs_to_the_class_of_the_next_shorter_interval():
    assert [class_of(minutes) for minutes in (0.5, 1, 59, 120, 720, 5000)] == [
        None,
        1,
        30,
        60,
        360,
        1440,
    ]


def test_periods_are_merged_and_their_gaps_are_missing():
    spans = merged([(5, 7), (1, 3), (3, 4), (2, 3.5), (9, 9)])

    assert spans == [(1, 4), (5, 7)]
    assert missing(spans, 0, 8) == [(0, 1), (4, 5), (7, 8)]
    assert missing([(0, 9)], 2, 8) == []


def test_the_newest_gap_of_a_history_is_read_first_in_windows_of_seven_days():
    covered, windows = [], []
    while window := next_window(covered, oldest=NOW - 20 * DAY, now=NOW):
        windows.append(window)
        covered = merged([*covered, window])

    assert windows == [
        (NOW - 7 * DAY, NOW),
        (NOW - 14 * DAY, NOW - 7 * DAY),
        (NOW - 20 * DAY, NOW - 14 * DAY),
    ]
