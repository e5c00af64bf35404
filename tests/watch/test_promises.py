"""Whether a promise is kept, for connectors that broke or that have no data yet."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import pytest

from pbf.connectors.portal import Tenant
from pbf.rules.timeline.entries import Period, SyncEntry
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.watch.freshness import Tally, terms_by, terms_within
from pbf.store.store import Store
from pbf.watch.promises import Promises
from tests.watch.test_incident_job import BROKEN, NOW, connector

DAY = timedelta(days=1)


@dataclass
class History:
    """A portal, and its history that was always observed."""

    successes: tuple = ()
    tenant: Tenant = field(default_factory=lambda: Tenant("acme", "Acme", "g"))

    def syncs(self, connector_id, since, until):
        return [SyncEntry("c1", "", at, at, Outcome.SUCCEEDED) for at in self.successes]

    outcomes = syncs

    def observed(self, connector_id, since, until):
        return [Period(since, until)]


def promises(history: History) -> Promises:
    return Promises(history, Store("sqlite://"), lambda: history, clock=NOW.timestamp)


@pytest.mark.parametrize(
    ("changes", "is_broken", "has_data"),
    [
        pytest.param({"hours": 1}, False, True, id="fresh"),
        pytest.param({"hours": 48, "status": BROKEN}, True, True, id="old-and-broken"),
        pytest.param({"hours": 48, "paused": True}, False, True, id="paused"),
        pytest.param({"succeeded_at": None}, False, False, id="never-succeeded"),
    ],
)
def test_a_promise_is_broken_whatever_keeps_data_from_coming(changes, is_broken, has_data):
    state = promises(History()).of(connector(**changes), [])

    assert (state.broken_since is not None, state.has_data) == (is_broken, has_data)


@pytest.mark.parametrize(
    ("terms", "now"),
    [
        pytest.param(terms_within(13), datetime(2026, 11, 20, 9, 25, tzinfo=UTC), id="an-age"),
        pytest.param(
            # Clocks went forward on 29 March, so 30 days have an hour less.
            terms_by(time(8), (), "Europe/Berlin"),
            datetime(2026, 4, 20, 6, 30, tzinfo=UTC),
            id="a-time-of-day",
        ),
    ],
)
def test_the_last_30_days_are_30_days(terms, now):
    subject = Promises(History(), Store("sqlite://"), History, clock=now.timestamp)
    old = connector(created_at=now - 90 * DAY, succeeded_at=now - 60 * DAY)

    assert subject.tally(old, terms) == Tally(broken=30)


def test_the_days_before_the_first_success_do_not_count():
    made = {"created_at": NOW - 5 * DAY}
    history = History((NOW - timedelta(hours=3),))
    terms = terms_within(13)

    assert promises(history).tally(connector(succeeded_at=None, **made), terms) == Tally()
    assert promises(history).tally(connector(**made), terms) == Tally(kept=1)
