from datetime import UTC, date, datetime

from pbf.rules.timeline.entries import DayCount, HourCount
from pbf.rules.timeline.group import by_day, by_hour
from pbf.ui.charts import spec

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def test_syncs_are_counted_by_the_hour_in_which_they_were():
    counts = [
        HourCount(datetime(2026, 11, 24, 12, tzinfo=UTC), 3, 1),
        HourCount(datetime(2026, 11, 23, 13, tzinfo=UTC), 5),
        HourCount(datetime(2026, 11, 23, 12, tzinfo=UTC), 9, 9),
    ]

    statistic = by_hour(counts, NOW)

    assert statistic.sentence == "8 syncs succeeded in the last 24 hours; 1 failed."
    assert [bar.count for bar in statistic.bars if bar.label == "0"] == [3, 1]
    assert [bar.count for bar in statistic.bars if bar.label == "23"] == [5, 0]
    assert [line.cells for line in statistic.lines] == [
        ("12:00 UTC", "3", "1"),
        ("13:00 UTC", "5", "0"),
    ]


def test_syncs_are_counted_by_day_and_drawn():
    counts = [DayCount(date(2026, 11, 24), 1, 0), DayCount(date(2026, 8, 27), 2, 4)]

    statistic = by_day(counts, NOW)

    assert statistic.sentence == "3 syncs succeeded in the last 90 days; 4 failed."
    assert len(statistic.bars) == 180
    assert [line.cells[0] for line in statistic.lines] == ["2026-11-24", "2026-08-27"]
    drawn = spec(statistic, "light")
    assert drawn["encoding"]["x"]["axis"]["values"] == ["27 Aug", "26 Sep", "26 Oct"]
