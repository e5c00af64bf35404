"""Promises about fresh data, across both changes of daylight saving too."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pbf.errors import InputError
from pbf.fivetran.models import Connector
from pbf.rules.timeline.entries import Period
from pbf.rules.watch.freshness import (
    WINDOW,
    Promise,
    Tally,
    Terms,
    breaks_at,
    broken_since,
    deadlines,
    default_terms,
    judged_days,
    promise_for,
    tally,
    terms_by,
    terms_within,
)
from tests.support.draws import cases

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
MORNING = terms_by(time(8), range(5), "Europe/Berlin")
times = some.times().map(lambda at: at.replace(second=0, microsecond=0))
moments = some.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=some.just(UTC))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@cases(60)
@given(times, some.sampled_from(ZONES), moments, some.integers(1, 400))
def test_each_local_day_has_one_deadline_at_its_time(when, zone, since, length):
    terms = terms_by(when, (), zone)

    found = list(deadlines(terms, since, since + timedelta(days=length)))

    assert [moment for _, moment in found] == sorted({moment for _, moment in found})
    assert [day for day, _ in found] == [found[0][0] + timedelta(days=n) for n in range(len(found))]
    assert abs(len(found) - length) <= 1
    for day, moment in found:
        local = moment.astimezone(ZoneInfo(zone))
        assert local.date() == day or when > time(23)
        if local.time() != when:  # clocks went forward over it
            gap = local.replace(tzinfo=None) - datetime.combine(day, when)
            assert timedelta(0) < gap <= timedelta(hours=1)


@cases(60)
@given(times, some.sampled_from(ZONES), moments, some.floats(0, 100))
def test_a_promise_is_broken_when_its_last_success_is_older_than_the_window(
    when, zone, seen_at, hours
):
    terms, succeeded_at = terms_by(when, (), zone), seen_at - timedelta(hours=hours)

    broken = broken_since(terms, succeeded_at, seen_at, created_at=None)

    due = [moment for _, moment in deadlines(terms, succeeded_at, seen_at)]
    late = [moment for moment in due if succeeded_at <= moment - WINDOW]
    assert broken == (late[0] if late else None)


@pytest.mark.parametrize(
    ("day", "moment"),
    [
        pytest.param(date(2026, 3, 29), "2026-03-29T03:30+02:00", id="does-not-exist"),
        pytest.param(date(2026, 10, 25), "2026-10-25T02:30+02:00", id="exists-twice"),
        pytest.param(date(2026, 3, 30), "2026-03-30T02:30+02:00", id="the-day-after"),
    ],
)
def test_half_past_two_on_the_days_when_clocks_change(day, moment):
    terms = terms_by(time(2, 30), (), "Europe/Berlin")
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Berlin"))

    found = dict(deadlines(terms, midnight - timedelta(days=2), midnight + timedelta(days=2)))

    assert found[day] == at(moment)


@pytest.mark.parametrize(
    ("succeeded", "seen", "since"),
    [
        pytest.param("2026-03-30T05:30+02:00", "2026-03-30T12:00+02:00", None, id="in-time"),
        pytest.param(
            "2026-03-27T07:00+01:00", "2026-03-30T07:59+02:00", None, id="before-the-deadline"
        ),
        pytest.param(
            "2026-03-27T07:00+01:00",
            "2026-03-30T08:00+02:00",
            "2026-03-30T08:00+02:00",
            id="the-weekend-does-not-count",
        ),
        pytest.param("2026-10-25T20:30+01:00", "2026-10-26T09:00+01:00", None, id="the-evening"),
    ],
)
def test_weekday_mornings_in_berlin(succeeded, seen, since):
    broken = broken_since(MORNING, at(succeeded), at(seen), created_at=None)

    assert broken == (at(since) if since else None)


def test_deadlines_from_before_the_promise_was_made_do_not_count():
    seen, last = at("2026-11-26T09:00+01:00"), at("2026-11-20T09:00+01:00")
    made = at("2026-11-26T08:30+01:00")

    assert broken_since(MORNING, last, seen, created_at=made) is None
    assert broken_since(MORNING, last, seen + timedelta(days=1), created_at=made) == at(
        "2026-11-27T08:00+01:00"
    )


@cases(60)
@given(moments, some.floats(0.25, 700))
def test_never_older_than_some_hours_breaks_after_so_many_hours(succeeded_at, hours):
    terms = terms_within(hours)

    broken = breaks_at(terms, succeeded_at)

    assert broken == succeeded_at + timedelta(hours=hours)
    before = broken - timedelta(seconds=1)
    assert broken_since(terms, succeeded_at, before, created_at=None) is None
    assert broken_since(terms, succeeded_at, broken, created_at=None) == broken


NOON = at("2026-11-20T00:00+00:00")
WEEK = Period(NOON - timedelta(days=2), NOON + timedelta(days=5))


@pytest.mark.parametrize(
    ("successes", "observed", "days"),
    [
        pytest.param(range(-24, 121, 4), [WEEK], ["kept"] * 5, id="always"),
        pytest.param(
            [*range(-24, 41, 4), *range(60, 121, 4)],
            [WEEK],
            ["kept", "broken", "broken", "kept", "kept"],
            id="twenty-hours-without",
        ),
        pytest.param(
            [*range(-24, 41, 4), *range(60, 121, 4)],
            [
                Period(WEEK.since, NOON + timedelta(hours=40)),
                Period(NOON + timedelta(hours=60), WEEK.until),
            ],
            ["kept", "not observed", "not observed", "kept", "kept"],
            id="nobody-listened",
        ),
        pytest.param([], [], ["not observed"] * 5, id="nothing-known"),
    ],
)
def test_days_of_a_promise_of_hours(successes, observed, days):
    moments = [NOON + timedelta(hours=hours) for hours in successes]

    judged = judged_days(terms_within(4), moments, observed, NOON, NOON + timedelta(days=5))

    assert [judgement for _, judgement in judged] == days


@cases(60)
@given(some.lists(some.integers(0, 24 * 40 * 60), max_size=60), some.booleans())
def test_every_day_is_judged_once_and_gaps_are_never_broken(minutes, is_observed):
    until = NOON + timedelta(days=40)
    successes = sorted(NOON + timedelta(minutes=minute) for minute in minutes)
    observed = [Period(NOON - timedelta(days=3), until)] if is_observed else []

    for terms in (terms_within(4), terms_by(time(8), (), "Europe/Berlin")):
        result = tally(terms, successes, observed, NOON, until)
        assert result.kept + result.broken + result.unobserved == 40
        assert not (result.unobserved if is_observed else result.broken)


def test_the_share_is_100_only_if_it_was_never_broken():
    assert Tally(30).text == "100 % kept (30 of 30 days)"
    assert Tally(29_999, 1).text == "99.9 % kept (29,999 of 30,000 days)"
    assert Tally(0, 0, 9).per_cent is None


def test_the_most_specific_promise_counts():
    def promise(scope, target):
        return Promise(scope, scope, target, terms_within(4), NOON)

    promises = [promise("tenant", ""), promise("service", "stripe"), promise("connector", "c1")]

    ids = [
        promise_for(promises, Connector(id=connector, service=service)).id
        for connector, service in (("c1", "stripe"), ("c2", "stripe"), ("c3", "shopify"))
    ]

    assert ids == ["connector", "service", "tenant"]


@pytest.mark.parametrize(
    ("schedule", "terms"),
    [
        pytest.param({"sync_frequency": 360}, Terms("within", hours=13), id="interval"),
        pytest.param({"schedule_type": "manual"}, None, id="manual"),
        pytest.param(
            {
                "schedule": {
                    "schedule_type": "TIME_OF_DAY",
                    "time_of_day": "22:00",
                    "days_of_week": ["SUNDAY"],
                }
            },
            Terms("by", at=time(1), days=(0,)),
            id="late-on-sundays-is-due-on-mondays",
        ),
    ],
)
def test_a_schedule_promises_what_it_says(schedule, terms):
    assert default_terms(Connector(id="c", **schedule)) == terms


def test_promises_in_words():
    assert MORNING.text == "Fresh by 08:00 on weekdays (Europe/Berlin)"
    assert terms_within(4).text == "Never older than 4 hours"
    assert terms_within(0.5).text == "Never older than 30 minutes"


@pytest.mark.parametrize("hours", [0, 745, float("nan")])
def test_hours_out_of_range_are_refused(hours):
    with pytest.raises(InputError):
        terms_within(hours)


def test_unknown_time_zones_are_refused():
    with pytest.raises(InputError, match="time zone"):
        terms_by(time(8), (), "Mars/Olympus")
