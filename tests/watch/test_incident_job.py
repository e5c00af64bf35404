"""Incidents open, change and close with what lists and the history show; each is told of once."""

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from pbf.cache.entries import CachedList
from pbf.connectors.portal import Tenant
from pbf.errors import ConnectionFailed, StoreFailed
from pbf.fivetran.models import Connector, RateLimit
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.outcomes import Outcome
from pbf.store.store import Store
from pbf.store.timeline.tables import LastSeen
from pbf.watch.incident_job import Judge
from pbf.watch.incidents import Incidents
from tests.support.clock import Clock
from tests.support.stores import add_entry, address

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
BROKEN = {"setup_state": "broken", "tasks": [{"code": "reconnect", "message": "Reconnect"}]}


class NothingObserved:
    """The history of a tenant of which nothing was observed."""

    def syncs(self, connector_id, since, until, *, limit=None):
        return ()

    def outcomes(self, connector_id, since, until):
        return ()

    def days(self, connector_id, since, until):
        return ()

    def observed(self, connector_id, since, until):
        return ()


def connector(number: int = 1, *, hours: float = 1, **changes) -> Connector:
    values = {
        "id": f"c{number}",
        "schema": f"s{number}",
        "service": "stripe",
        "succeeded_at": NOW - timedelta(hours=hours),
        "paused": False,
        "sync_frequency": 360,
        "status": {
            "setup_state": "connected",
            "sync_state": "scheduled",
            "update_state": "on_schedule",
        },
        **changes,
    }
    return Connector.model_validate(values)


@dataclass
class Account:
    """One tenant's lists and history, and what was told of its incidents."""

    store: Store
    clock: Clock
    items: tuple[Connector, ...] = ()
    problem: ConnectionFailed | None = None
    failures: int = 0
    messages: Counter = field(default_factory=Counter)
    asked: int = 0
    fails: bool = False
    read_at: float = 0.0
    tenant: Tenant = field(default_factory=lambda: Tenant("acme", "Acme", "g"))

    def last_connectors(self):
        return CachedList(self.items, str(hash(self.items)), self.read_at)

    def connectors(self):
        self.asked += 1
        return replace(self.last_connectors(), problem=self.problem)

    def read(self, *items: Connector) -> None:
        """Let the job that reads lists have read one now."""
        self.items, self.read_at = items or self.items, self.clock()
        with self.store._database.session() as session:
            session.merge(
                LastSeen(group_id="g", connector_id="c1", schema_name="s1", seen_at=self.read_at)
            )

    def syncs(self, connector_id, since, until, *, limit=None):
        ends = [NOW - timedelta(hours=hour) for hour in range(self.failures)]
        return [SyncEntry(connector_id, "", end, end, Outcome.FAILED) for end in ends]

    def incident_opened(self, incident) -> None:
        if self.fails:
            raise StoreFailed("The database is away.")
        self.messages["opened", incident.title] += 1

    def incident_closed(self, incident) -> None:
        self.messages["closed", incident.title] += 1

    days = observed = NothingObserved().observed

    def judge(self, portal_of=None) -> Judge:
        return Judge(
            self.store,
            portal_of=portal_of or {"g": self}.get,
            timeline_of=lambda _: self,
            notifier=self,
            rate_limit=RateLimit,
            clock=self.clock,
        )

    @property
    def open(self):
        return Incidents(self.store, clock=self.clock).open("g")

    @property
    def all(self):
        return Incidents(self.store, clock=self.clock).listed("g")


@pytest.fixture(params=["memory", "postgres"])
def account(request, tmp_path):
    store = Store(address(request, tmp_path))
    yield Account(store, Clock(NOW.timestamp()))
    store.close()


def test_a_connector_that_needs_somebody_is_one_incident_until_it_works(account):
    judge = account.judge()
    account.read(connector(status=BROKEN))
    judge.judge()
    add_entry(
        account.store, "person:1", "return", "c1", "s1", "done", group_id="g", actor_name="Ada"
    )
    account.clock.now = datetime.now(UTC).timestamp() + 60
    account.read(connector(status=BROKEN))
    judge.judge()
    account.clock.advance(60)
    account.read(connector(succeeded_at=datetime.fromtimestamp(account.clock(), UTC)))
    judge.judge()

    (incident,) = account.all
    assert account.open == []
    assert (incident.kind, incident.title) == ("needs_action", "s1 needs you: reconnect")
    assert [(event.kind, event.actor) for event in incident.events] == [
        ("opened", ""),
        ("action", "Ada"),
        ("closed", ""),
    ]
    assert account.messages == {("opened", incident.title): 1, ("closed", incident.title): 1}
    assert account.asked == 0


@pytest.mark.parametrize(("failures", "kinds"), [(1, []), (2, ["failing"])])
def test_two_failures_in_a_row_are_an_incident(account, failures, kinds):
    account.failures = failures
    account.read(connector(failed_at=NOW))

    account.judge().judge()

    assert [incident.kind for incident in account.open] == kinds


def test_a_promise_that_breaks_later_is_noticed_without_a_change_of_the_list(account):
    judge = account.judge()
    account.read(connector())  # its schedule promises 13 hours
    judge.judge()
    assert account.open == []

    account.clock.advance(12.5 * 3600)
    account.read()
    judge.judge()

    assert [incident.kind for incident in account.open] == ["late"]


def test_a_pause_elsewhere_is_an_incident_after_a_day_and_one_from_here_never(account):
    judge = account.judge()
    add_entry(account.store, "person:1", "pause", "c2", "s2", "done", group_id="g")
    account.read(connector(1, paused=True), connector(2, paused=True))
    judge.judge()
    assert account.open == []

    account.clock.advance(25 * 3600)
    account.read()
    judge.judge()

    assert [incident.connector_id for incident in account.open] == ["c1"]
    assert sum(account.messages.values()) == 1


def test_a_pause_that_ends_within_a_day_leaves_nothing(account):
    judge = account.judge()
    account.read(connector(paused=True))
    judge.judge()
    account.clock.advance(3600)
    account.read(connector(hours=0))
    judge.judge()
    account.clock.advance(48 * 3600)

    assert account.all == []


def test_a_source_that_is_down_for_many_is_one_message(account):
    judge = account.judge()
    account.read(*(connector(number, status=BROKEN) for number in range(1, 9)))
    judge.judge()
    opened = account.open
    account.clock.advance(600)
    account.read(*(connector(number) for number in range(1, 9)))
    judge.judge()

    title = "Stripe: 8 connectors have problems at once"
    assert Counter(incident.kind for incident in opened) == {"needs_action": 8, "source_down": 1}
    assert account.open == []
    assert account.messages == {("opened", title): 1, ("closed", title): 1}


def test_fivetran_away_for_an_hour_is_one_message_and_back_is_one(account):
    judge = account.judge()
    account.read(connector())
    account.problem = ConnectionFailed("Fivetran cannot be reached.")
    for _ in range(60):
        account.clock.advance(60)
        judge.judge()
    assert [incident.kind for incident in account.open] == ["unreachable"]

    account.problem = None
    account.read()
    judge.judge()
    judge.judge()

    assert account.open == []
    assert sorted(kind for kind, _ in account.messages.elements()) == ["closed", "opened"]


def test_what_could_not_be_told_is_told_in_the_next_run_of_any_process(account):
    account.fails = True
    account.read(connector(status=BROKEN))
    account.judge().judge()
    account.fails = False

    account.judge().judge()
    account.judge().judge()

    assert list(account.messages.values()) == [1]


def test_many_processes_at_once_open_one_incident(account):
    account.read(connector(status=BROKEN))
    threads = [threading.Thread(target=account.judge().judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(account.all) == 1
    assert len(account.all[0].events) == 1


def test_incidents_open_beside_one_that_another_process_opens_meanwhile(account, monkeypatch):
    account.read(*(connector(number, status=BROKEN) for number in range(1, 4)))
    judge, rows = account.judge(), account.store.incidents
    before = rows.open_by_group()
    monkeypatch.setattr(rows, "open_by_group", lambda: before)
    account.items = account.items[:1]
    account.judge().judge()
    account.read(*(connector(number, status=BROKEN) for number in range(1, 4)))

    judge.judge()

    assert sorted(incident.connector_id for incident in account.open) == ["c1", "c2", "c3"]
    assert [len(incident.events) for incident in account.open] == [1, 1, 1]


def test_a_group_in_which_nothing_changed_is_passed_over(account, monkeypatch):
    judge = account.judge()
    account.read(connector())
    judge.judge()
    monkeypatch.setattr(judge, "_findings", lambda *_: pytest.fail("judged again"))

    account.clock.advance(60)
    account.read()
    judge.judge()


def test_a_group_without_a_tenant_is_forgotten_until_it_has_one_again(account):
    tenants = {"g": account}
    judge = account.judge(tenants.get)
    account.read(connector())
    judge.judge()

    del tenants["g"]
    judge.judge()

    assert judge._judged == {}
    tenants["g"] = account
    account.read(connector(status=BROKEN))
    judge.judge()
    assert [incident.kind for incident in account.open] == ["needs_action"]


@pytest.fixture
def statements(account):
    """What is sent to the account's database, and may be cleared."""
    sent, engine = [], account.store._database.engine

    def note(_connection, _cursor, statement, *_):
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "changes", [{"status": BROKEN}, {"paused": True}], ids=["broken", "paused"]
)
def test_many_incidents_are_judged_again_with_the_statements_of_one(account, statements, changes):
    counts = []
    for many in (1, 30):
        account.read(*(connector(number, hours=99, **changes) for number in range(1, many + 1)))
        account.judge().judge()
        account.clock.advance(60)
        statements.clear()
        account.judge().judge()
        counts.append(len(statements))

    assert len(account.store.incidents.open_by_group()["g"]) >= 30
    assert counts[0] == counts[1] > 0


def test_a_deleted_connector_has_no_open_incident(account):
    judge = account.judge()
    account.read(connector(1, status=BROKEN), connector(2))
    judge.judge()
    account.read(connector(2))
    judge.judge()

    assert account.open == []
    assert account.all[0].events[-1].text == "The connector was deleted."


def test_nothing_observed_is_a_history(account):
    nothing = NothingObserved()

    assert not nothing.syncs("c", NOW, NOW)
    assert not nothing.days("c", NOW.date(), NOW.date())
    assert not nothing.observed("c", NOW, NOW)
