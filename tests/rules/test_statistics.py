from cProfile import Profile
from datetime import UTC, datetime, timedelta
from math import inf
from pstats import Stats

import altair as alt
import pytest

from pbf.fivetran.models import Connector
from pbf.rules.health import TONES, health
from pbf.rules.statistics import BAD, GOOD, Bar, Statistic, intervals_late, statistics
from pbf.ui.charts import STEP, spec

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)


def connector(name: str, *, ago: float | None = 1, failed: float | None = None, **fields: object):
    status = {"setup_state": "connected", "sync_state": "scheduled", "update_state": "on_schedule"}
    return Connector.model_validate(
        {
            "id": name,
            "schema": name,
            "service": "stripe",
            "sync_frequency": 360,
            "succeeded_at": None if ago is None else NOW - timedelta(hours=ago),
            "failed_at": None if failed is None else NOW - timedelta(hours=failed),
            **fields,
            "status": {**status, **fields.get("status", {})},
        }
    )


def drawn(*connectors: Connector, categories: dict[str, str] | None = None) -> dict[str, Statistic]:
    words = {connector.id: health(connector, NOW).word for connector in connectors}
    all_statistics = statistics(connectors, words=words, categories=categories or {}, now=NOW)
    return {statistic.id: statistic for statistic in all_statistics}


def counts(statistic: Statistic) -> dict[str, int]:
    return {bar.label: bar.count for bar in statistic.bars}


@pytest.mark.parametrize(
    ("given", "late"),
    [
        pytest.param({"ago": 3}, 0, id="within-its-interval"),
        pytest.param({"ago": 12}, 1, id="one-interval-late"),
        pytest.param({"ago": 6, "sync_frequency": 60}, 5, id="its-own-interval-counts"),
        pytest.param({"ago": None}, inf, id="never-succeeded"),
        pytest.param({"paused": True}, None, id="paused"),
        pytest.param({"schedule_type": "manual"}, None, id="on-request"),
        pytest.param({"schedule": {"schedule_type": "CRON", "cron": "0 9 * * *"}}, None, id="cron"),
        pytest.param({"schedule": {"schedule_type": "LUNAR"}}, None, id="new-kind"),
        pytest.param({"sync_frequency": None}, None, id="no-interval"),
        pytest.param({"ago": -72}, None, id="success-still-to-come"),
        pytest.param({"status": {"setup_state": "incomplete"}}, None, id="not-finished"),
    ],
)
def test_lateness_is_measured_in_the_connectors_own_intervals(given, late):
    assert intervals_late(connector("a", **given), NOW) == late


def test_statuses_are_counted_most_urgent_first_and_linked():
    statistic = drawn(connector("a"), connector("b", ago=9, failed=1), connector("c"))["status"]

    assert list(counts(statistic).items()) == [("Failing", 1), ("Working", 2)]
    assert [bar.query for bar in statistic.bars] == [{"status": "Failing"}, {"status": "Working"}]
    assert statistic.sentence == "3 connectors: Failing 1, Working 2."


def test_the_largest_categories_come_first_and_three_are_named():
    names = "aaaabbbccdef"
    categories = {name: name.upper() for name in names if name != "f"}

    statistic = drawn(
        *(connector(f"{at}", service=name) for at, name in enumerate(names)), categories=categories
    )["category"]

    assert counts(statistic) == {"A": 4, "B": 3, "C": 2, "D": 1, "E": 1, "Other": 1}
    assert statistic.bars[0].query == {"category": "A"}
    assert statistic.sentence == "Most are in A 4, B 3, C 2, and 3 smaller categories."


def test_all_connectors_are_in_categories_that_are_all_named():
    statistic = drawn(connector("a"), connector("b"))["category"]

    assert statistic.sentence == "All are in Other 2."


def test_freshness_counts_by_lateness_and_names_the_latest():
    statistic = drawn(
        connector("fresh"),
        connector("just due", ago=7),
        connector("late", ago=10),
        connector("later", ago=20),
        connector("latest", ago=60),
        connector("new", ago=None),
        connector("resting", paused=True),
    )["freshness"]

    assert list(counts(statistic).items()) == [
        ("On time", 2),
        ("Up to 1 interval late", 1),
        ("1 to 4 intervals late", 1),
        ("Over 4 intervals late", 1),
        ("No success yet", 1),
        ("Not measured", 1),
    ]
    assert [bar.query["late"] for bar in statistic.bars] == [
        *("..0.25", "0.25..1", "1..4", "4..", "never", "none"),
    ]
    assert statistic.sentence == (
        "2 of 6 measured connectors are on time. Furthest behind: latest, 9.0 intervals late."
    )
    assert [line.cells[0] for line in statistic.more_lines] == ["latest", "later", "late"]
    assert statistic.more_lines[0].query == {"id": "latest"}


@pytest.mark.parametrize(
    "schedule",
    [
        pytest.param({"schedule_type": "CRON", "cron": "0 9 * * *"}, id="cron"),
        pytest.param(
            {"schedule_type": "INTERVAL", "interval": 60, "days_of_week": ["MONDAY"]},
            id="interval-on-days",
        ),
        pytest.param({"schedule_type": "LUNAR"}, id="new-kind"),
    ],
)
def test_a_schedule_with_unknown_times_is_not_measured(schedule):
    statistic = drawn(connector("a", schedule=schedule))["freshness"]

    assert counts(statistic) == {"Not measured": 1}
    assert statistic.bars[0].query == {"late": "none"}
    assert statistic.sentence == "No connector is measured against a schedule."


def test_the_last_day_counts_successes_and_failures_by_hour():
    statistic = drawn(
        connector("a", ago=0.2, failed=0.5),
        connector("b", ago=5.1),
        connector("c", ago=23.9),
        connector("d", ago=24),
        connector("e", ago=-1),
    )["hours"]

    counts_by_hour = {(bar.label, bar.group): bar.count for bar in statistic.bars if bar.count}
    assert counts_by_hour == {
        ("0", "Succeeded"): 1,
        ("0", "Failed"): 1,
        ("5", "Succeeded"): 1,
        ("23", "Succeeded"): 1,
    }
    assert len(statistic.bars) == 48
    assert statistic.sentence == "3 connectors succeeded within the last 24 hours; 1 failed."
    assert statistic.lines[0].cells == ("Within the last hour", "1", "1")
    assert statistic.lines[0].query == {"ended": "0..1"}
    queries = {bar.group: bar.query for bar in statistic.bars if bar.label == "5"}
    assert queries == {"Succeeded": {"succeeded": "5..6"}, "Failed": {"failed": "5..6"}}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_chart_is_valid_by_the_schema_of_vega_lite(theme):
    for statistic in drawn(connector("a"), connector("b", ago=9, failed=1)).values():
        chart = spec(statistic, theme)

        read = alt.LayerChart.from_dict if "layer" in chart else alt.Chart.from_dict
        assert read(chart, validate=True)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_statistic_can_be_drawn_with_clickable_bars(theme):
    for statistic in drawn(connector("a"), connector("b", ago=9, failed=1)).values():
        chart = spec(statistic, theme)

        values = chart["data"]["values"]
        assert [(value["label"], value["group"]) for value in values] == [
            (bar.label, bar.group) for bar in statistic.bars
        ]
        assert {bar.tone for bar in statistic.bars} <= set(TONES.values())
        assert chart["params"][0]["select"]["fields"] == ["label", "group"]


def test_failures_are_drawn_below_the_line():
    chart = spec(drawn(connector("a", ago=2, failed=1))["hours"], "light")

    signed = [value["signed"] for value in chart["data"]["values"] if value["count"]]
    assert signed == [1, -1]


def calls(count: int) -> int:
    """How many function calls the statistics of so many connectors take."""
    connectors = [connector(str(number), ago=number % 40) for number in range(count)]
    words = {connector.id: health(connector, NOW).word for connector in connectors}
    profile = Profile()

    profile.runcall(statistics, connectors, words=words, categories={}, now=NOW)

    return Stats(profile).total_calls


def test_ten_times_the_connectors_take_ten_times_the_work():
    assert calls(10_000) < 11 * calls(1_000)


@pytest.mark.parametrize("count", [1, 2, 9])
def test_a_chart_has_a_full_step_for_each_bar(count):
    words = dict.fromkeys(map(str, range(count)))
    statistic = drawn(
        *(connector(service, service=service) for service in words),
        categories={service: service for service in words},
    )["category"]

    chart = spec(statistic, "light")

    assert chart["height"] == STEP * count
    # Without explicit padding Streamlit takes at least 20 pixels off the height.
    assert chart["padding"] == {"top": 0, "bottom": 0, "left": 0, "right": 0}


@pytest.mark.parametrize(
    ("ended", "domain"),
    [
        pytest.param({"ago": None}, [0, 1], id="nothing-ended"),
        pytest.param({"ago": 2}, [0, 1], id="one-success"),
        pytest.param({"ago": None, "failed": 2}, [-1, 0], id="one-failure"),
        pytest.param({"ago": 2, "failed": 1}, [-1, 1], id="both"),
    ],
)
def test_the_chart_of_hours_has_a_domain_before_its_values_arrive(ended, domain):
    chart = spec(drawn(connector("a", **ended))["hours"], "light")

    assert chart["encoding"]["y"]["scale"]["domain"] == domain


@pytest.mark.parametrize(
    ("succeeded", "failed", "ticks"),
    [
        pytest.param(0, 0, [0, 1], id="nothing"),
        pytest.param(1, 0, [0, 1], id="one"),
        pytest.param(3, 1, [0, 2], id="a-few"),
        pytest.param(0, 2, [-2, -1, 0], id="failures-only"),
        pytest.param(6, 2, [0, 5], id="six"),
        pytest.param(7, 1, [0, 5], id="seven"),
        pytest.param(1234, 1001, [-1000, 0, 1000], id="many"),
    ],
)
def test_the_ticks_of_an_axis_are_whole_numbers_with_0_among_them(succeeded, failed, ticks):
    bars = (
        Bar("0", succeeded, "busy", {}, GOOD),
        Bar("0", failed, "bad", {}, BAD),
    )
    statistic = Statistic("hours", "Syncs by hour", "", bars, (), ())

    axis = spec(statistic, "light")["encoding"]["y"]["axis"]

    assert (axis["values"], axis["labelOverlap"]) == (ticks, False)


def test_an_empty_chart_can_be_drawn():
    for statistic in drawn().values():
        assert spec(statistic, "light")["height"] > 0
