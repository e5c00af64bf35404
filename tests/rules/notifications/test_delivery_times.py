"""When messages are sent, also across the changes of daylight saving."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.rules.notifications.addresses import masked
from pbf.rules.notifications.delivery_times import WAITS, Timing, next_attempt

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
TIMES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
# Around the changes of 2026, and any other time of it.
CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)]
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)),
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(-1500, 1500),
    ),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        pytest.param("2026-11-28T23:00+01:00", "2026-11-29T07:00+01:00", id="over-midnight"),
        pytest.param("2026-11-28T06:59+01:00", "2026-11-28T07:00+01:00", id="in-the-morning"),
        pytest.param("2026-11-28T07:00+01:00", "2026-11-28T07:00+01:00", id="at-the-end"),
        pytest.param("2026-11-28T21:59+01:00", "2026-11-28T21:59+01:00", id="before"),
        pytest.param("2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00", id="to-summer-time"),
        pytest.param("2026-10-24T23:00+02:00", "2026-10-25T07:00+01:00", id="to-winter-time"),
    ],
)
def test_quiet_hours_end_by_the_clock_on_the_wall(moment, end):
    night = Timing(quiet_from=time(22), quiet_until=time(7), zone=BERLIN)

    assert night.due(at(moment)) == at(end)


@given(moment=MOMENTS, start=TIMES, end=TIMES, zone=st.sampled_from(ZONES))
def test_no_message_is_sent_in_quiet_hours_and_none_waits_for_longer_than_they_last(
    moment, start, end, zone
):
    timing = Timing(quiet_from=start, quiet_until=end, zone=ZoneInfo(zone))

    due = timing.due(moment)

    assert moment <= due <= moment + timedelta(hours=25)
    assert (due == moment) is not timing.is_quiet(moment)
    assert due == moment or due.astimezone(ZoneInfo(zone)).time() >= end or start < end


@pytest.mark.parametrize(
    ("digest", "due"),
    [
        pytest.param("hourly", "2026-11-28T13:00+00:00", id="hourly"),
        pytest.param("daily", "2026-11-29T08:00+01:00", id="daily"),
    ],
)
def test_a_digest_has_its_time(digest, due):
    assert Timing(digest=digest, zone=BERLIN).due(at("2026-11-28T12:10+00:00")) == at(due)


def test_an_incident_that_is_old_when_it_is_found_escalates_at_once():
    now = at("2026-11-28T12:00+00:00")

    assert Timing(escalates_after=4).opened_due(now - timedelta(hours=5), now) == now
    assert Timing(escalates_after=4).opened_due(now, now) == now + timedelta(hours=4)


def test_waits_grow_up_to_a_day_in_all():
    moments = [next_attempt(attempts, 0.0) for attempts in range(1, len(WAITS) + 2)]

    assert moments[:3] == [60.0, 120.0, 240.0]
    assert moments[-1] is None
    assert 23 <= sum(WAITS) / 60 <= 25


def test_an_address_is_shown_without_its_secrets():
    assert masked("message", "slack://T1/B2/secret") == "slack://***"
    assert masked("message", "https://hooks.slack.com/services/T1") == "https://***"
    assert masked("mail", "ada@people.example") == "a***@people.example"
    assert (
        masked("webhook", "https://erp.example:8443/hook?key=1") == "https://erp.example:8443/***"
    )
