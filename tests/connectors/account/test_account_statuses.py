"""How many connectors of each group have which status, counted once for all who ask."""

from collections.abc import Iterator

import pytest

from pbf.cache.derived import LEAST_WEIGHT
from pbf.cache.serializer import ListSerializer
from pbf.cache.shared import SharedCache
from pbf.connectors.account import account_statuses
from pbf.connectors.account.account_list import AccountList, list_key
from pbf.connectors.account.account_statuses import (
    KEY,
    PAUSE,
    AccountStatuses,
    GroupStatuses,
    Statuses,
)
from pbf.errors import ServerFailed, StoreFailed
from pbf.fivetran.models import RateLimit
from pbf.rules.list_lifetime import LONGEST_LIFETIME, QUIET_LIFETIME
from pbf.store.store import Store
from pbf.store.tables import Deletion
from tests.support.clock import Clock
from tests.support.fake_account import EVERY, FakeAccount

STALE = QUIET_LIFETIME + 1
BROKEN = {"status": {"setup_state": "broken", "sync_state": "scheduled"}}


class Account:
    """An account with two groups, and its statuses in one process."""

    def __init__(self, store: Store) -> None:
        self.clock = Clock()
        self.fake = FakeAccount()
        self.fake.add("a", "one", "two")
        self.fake.add("a", "three", **BROKEN)
        self.fake.add("b", "four")
        self.cache = SharedCache(clock=self.clock)
        self.lists = AccountList(self.fake.client, self.cache, clock=self.clock)
        self.statuses = AccountStatuses(self.fake.client, self.cache, store, clock=self.clock)

    def newest(self) -> Statuses:
        return self.statuses.newest(["a", "b"])

    def settle(self) -> Statuses:
        """Ask, wait for the reading if there is one, and return what is known then."""
        self.newest()
        if self.statuses._thread:
            self.statuses._thread.join(20)
        while requests := tuple(self.cache._requests.values()):
            for request in requests:
                request.exception(20)
        return self.newest()

    def open_group(self, group_id: str) -> None:
        self.cache.get(
            list_key(group_id),
            lambda: self.lists.connectors(group_id),
            lifetime=self.lists.lifetime,
        )


@pytest.fixture
def account(store: Store) -> Iterator[Account]:
    made = Account(store)
    yield made
    made.cache.close()


def test_the_first_visit_waits_for_nothing(account):
    first = account.newest()

    assert (first.words, first.read_at, first.is_reading) == ({}, None, True)
    statuses = account.settle()
    assert statuses.words == {"a": {"Paused": 2, "Needs you": 1}, "b": {"Paused": 1}}
    assert (statuses.read_at, statuses.is_reading, statuses.problem) == (
        account.clock(),
        False,
        None,
    )


def test_all_who_ask_share_one_reading(account):
    for _ in range(20):
        account.settle()

    assert account.fake.sent == [EVERY]


def test_it_is_read_again_when_it_is_old_and_served_meanwhile(account):
    account.settle()
    account.fake.add("b", "five")
    account.clock.advance(STALE)

    meanwhile = account.newest()

    assert (meanwhile.words["b"], meanwhile.is_reading) == ({"Paused": 1}, True)
    assert account.settle().words["b"] == {"Paused": 2}
    assert account.fake.sent == [EVERY, EVERY]


def test_it_is_served_without_waiting_however_old_it_is(account):
    account.settle()
    account.clock.advance(24 * 3600)

    assert account.newest().words["b"] == {"Paused": 1}


def test_a_long_list_costs_a_request_in_three_seconds_at_most(account):
    account.fake.add("c", *(f"c{number}" for number in range(100_500)))
    account.settle()

    assert account.cache.peek(KEY).lifetime == 3.0 * 101


def test_it_is_read_less_often_when_few_requests_are_left(account):
    account.fake.latest.rate_limit = RateLimit(limit=1000, remaining=50)
    account.settle()

    assert account.cache.peek(KEY).lifetime == LONGEST_LIFETIME


def test_a_groups_own_list_counts_where_it_is_newer(account):
    account.settle()
    account.fake.add("b", "five")
    account.clock.advance(1)
    account.open_group("b")

    statuses = account.newest()

    assert statuses.words == {"a": {"Paused": 2, "Needs you": 1}, "b": {"Paused": 2}}
    assert account.fake.sent.count(EVERY) == 1


def test_a_group_that_somebody_looks_at_is_known_before_the_account_is_read(account):
    account.open_group("b")

    assert account.newest().words == {"b": {"Paused": 1}}


def test_a_groups_own_list_is_counted_once(account, monkeypatch):
    account.settle()
    account.clock.advance(1)
    account.open_group("b")
    first = account.newest().words["b"]
    monkeypatch.setattr(account_statuses, "health", lambda *_: pytest.fail("counted again"))

    assert account.newest().words["b"] == first == {"Paused": 1}


def test_of_the_lists_that_were_counted_the_last_ones_are_kept(store, monkeypatch):
    monkeypatch.setattr(account_statuses, "MAX_ITEMS", 3 * LEAST_WEIGHT)
    account = Account(store)
    account.settle()
    account.clock.advance(1)

    for number in range(10):
        account.open_group(f"g{number}")
        account.statuses.newest([f"g{number}"])

    assert len(account.statuses._own) == 3
    account.cache.close()


def test_deleted_connectors_are_not_counted(account, store):
    row = {"service": "stripe", "name": "Four", "was_paused": True, "due_at": 0.0}
    store.deletions.add(Deletion(group_id="b", connector_id="four", schema_name="four", **row))

    assert "b" not in account.settle().words


def test_without_a_database_they_are(account, store, monkeypatch):
    def fail() -> list[Deletion]:
        raise StoreFailed("The database does not respond.")

    monkeypatch.setattr(store.deletions, "all", fail)

    assert account.settle().words["b"] == {"Paused": 1}


def test_a_failure_is_told_and_not_repeated_at_once(account):
    account.fake.error = ServerFailed("Fivetran failed to answer (500).")

    for _ in range(3):
        statuses = account.settle()

    assert str(statuses.problem) == "Fivetran failed to answer (500)."
    assert account.fake.sent == [EVERY]


def test_after_a_failure_the_last_numbers_are_shown_until_it_succeeds(account):
    account.settle()
    account.clock.advance(STALE)
    account.fake.error = ServerFailed("Fivetran failed to answer (500).")
    failed = account.settle()
    account.fake.error = None
    account.clock.advance(PAUSE + STALE)

    assert (failed.words["b"], failed.problem) == ({"Paused": 1}, account.statuses._problem)
    assert failed.problem
    assert account.settle().problem is None


def test_processes_can_share_the_numbers():
    serializer = ListSerializer(GroupStatuses)
    cache = SharedCache()
    groups = [GroupStatuses(id="a", words={"Paused": 2})]
    cached = cache.get(KEY, lambda: groups, lifetime=lambda _: 60.0)

    assert serializer.loads(serializer.dumps(cached)).items == cached.items
    cache.close()
