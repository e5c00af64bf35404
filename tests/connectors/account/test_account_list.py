"""Lists of many groups are refreshed together, and none is older than its last change."""

import math
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbf.cache.entries import CachedList
from pbf.cache.redis_backend import RECHECK, RedisBackend
from pbf.cache.serializer import ListSerializer
from pbf.cache.shared import SharedCache
from pbf.connectors.account.account_list import FEWEST_GROUPS, PAUSE, AccountList, list_key
from pbf.errors import Forbidden, RateLimited, ServerFailed
from pbf.fivetran.models import Connector, RateLimit
from pbf.rules.list_lifetime import QUIET_LIFETIME
from tests.support.clock import Clock
from tests.support.draws import cases
from tests.support.fake_account import EVERY, FakeAccount
from tests.support.redis_server import redis_server

MANY = FEWEST_GROUPS + 12
GROUPS = [f"group{number}" for number in range(MANY)]
STALE = QUIET_LIFETIME + 1


class Lists:
    """The lists of an account's groups in one process."""

    def __init__(self, fake: FakeAccount, clock: Clock, backend: RedisBackend | None = None):
        self.clock = clock
        self.cache = SharedCache(clock=clock, backend=backend)
        self.account = AccountList(fake.client, self.cache, clock=clock)

    def get(self, group_id: str) -> CachedList[Connector]:
        return self.cache.get(
            list_key(group_id),
            lambda: self.account.connectors(group_id),
            lifetime=self.account.lifetime,
        )

    def look(self, groups: list[str] = GROUPS) -> dict[str, list[str]]:
        """Look at groups, wait for their requests, and return the ids that are shown then."""
        for group_id in groups:
            self.get(group_id)
        self.settle()
        return {group_id: [item.id for item in self.get(group_id).items] for group_id in groups}

    def settle(self) -> None:
        while requests := tuple(self.cache._requests.values()):
            for request in requests:
                request.exception(20)


@pytest.fixture
def fake() -> FakeAccount:
    fake = FakeAccount(page=20)
    for group_id in GROUPS:
        fake.add(group_id, f"{group_id}-1", f"{group_id}-2")
    fake.connections.sort(key=lambda row: row["id"][-1])
    return fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lists(fake: FakeAccount, clock: Clock) -> Iterator[Lists]:
    lists = Lists(fake, clock)
    yield lists
    lists.cache.close()


def expected(groups: list[str] = GROUPS) -> dict[str, list[str]]:
    return {group_id: [f"{group_id}-1", f"{group_id}-2"] for group_id in groups}


def test_first_lists_are_read_by_themselves_and_refreshed_together(fake, lists, clock):
    assert lists.look() == expected()
    assert Counter(path == EVERY for path in fake.sent) == {False: MANY}

    for _ in range(5):
        fake.sent.clear()
        clock.advance(STALE)
        assert lists.look() == expected()
        assert fake.sent == [EVERY, EVERY]


def test_lists_of_few_groups_are_read_by_themselves(fake, lists, clock):
    for _ in range(3):
        lists.look(GROUPS[:FEWEST_GROUPS])
        clock.advance(STALE)

    assert EVERY not in fake.sent


def test_groups_that_nobody_looks_at_any_more_do_not_count(fake, lists, clock):
    lists.look()
    for _ in range(4):
        clock.advance(STALE)
        fake.sent.clear()
        lists.look(GROUPS[:3])

    assert fake.sent == [f"/groups/{group_id}/connections" for group_id in GROUPS[:3]]


def test_a_list_with_more_pages_than_groups_is_tried_seldom(fake, lists, clock):
    fake.add("other", *map(str, range(20 * MANY)))
    lists.look()
    for _ in range(4):
        clock.advance(STALE)
        assert lists.look() == expected()
    assert fake.sent.count(EVERY) == MANY
    assert len(fake.sent) == MANY + MANY * 5

    clock.advance(PAUSE)
    for _ in range(3):
        clock.advance(STALE)
        lists.look()
    # For the first groups that are looked at again, and for all.
    assert fake.sent.count(EVERY) == MANY + (FEWEST_GROUPS + 1) + MANY


def test_a_list_that_was_too_long_is_tried_again_for_twice_as_many_groups(fake, lists, clock):
    few = GROUPS[: FEWEST_GROUPS + 1]
    fake.add("other", *map(str, range(20 * (MANY - 4))))
    lists.look(few)
    clock.advance(STALE)
    lists.look(few)
    assert fake.sent.count(EVERY) == len(few)

    lists.look()
    clock.advance(STALE)
    fake.sent.clear()
    assert lists.look() == expected()
    assert set(fake.sent) == {EVERY}


def test_a_change_during_the_reading_is_visible_at_once(fake, lists, clock):
    lists.look()
    clock.advance(STALE)

    def change(page: int) -> None:
        if page == 1:
            fake.add(GROUPS[0], "new")
            fake.connections[:] = [row for row in fake.connections if row["id"] != "group1-1"]
            for group_id in GROUPS[:2]:
                lists.cache.forget(list_key(group_id))

    fake.on_page = change
    shown = lists.look()

    assert shown[GROUPS[0]] == ["group0-1", "group0-2", "new"]
    assert shown[GROUPS[1]] == ["group1-2"]
    assert shown[GROUPS[2]] == expected()[GROUPS[2]]


def test_a_change_after_the_reading_is_not_undone_by_it(fake, lists, clock):
    lists.look()
    clock.advance(STALE)
    lists.look(GROUPS[1:])
    fake.add(GROUPS[0], "new")
    lists.cache.forget(list_key(GROUPS[0]))

    assert lists.look()[GROUPS[0]][-1] == "new"
    clock.advance(STALE)
    assert lists.look()[GROUPS[0]][-1] == "new"


def test_the_age_is_that_of_the_reading(fake, lists, clock):
    lists.look()
    clock.advance(STALE)
    lists.look(GROUPS[1:])
    clock.advance(10)
    fake.sent.clear()
    lists.look(GROUPS[:1])

    assert lists.get(GROUPS[0]).fetched_at == clock.now - 10
    assert fake.sent == []


def test_a_list_that_lacks_a_connector_is_read_by_itself(fake, lists, clock):
    lists.look()
    clock.advance(STALE)
    whole = list(fake.connections)

    def show_whole(page: int) -> None:
        if page == 1:
            fake.connections = whole

    fake.sent.clear()
    fake.connections = [row for row in whole if row["id"] != "group3-1"]
    fake.on_page = show_whole

    assert lists.look()[GROUPS[3]] == expected()[GROUPS[3]]
    assert sorted(fake.sent) == [EVERY, EVERY, f"/groups/{GROUPS[3]}/connections"]


@pytest.mark.parametrize("error", [Forbidden("no"), None], ids=["refused", "without-a-group"])
def test_without_a_list_of_the_account_each_group_is_read_by_itself(fake, lists, clock, error):
    fake.error = error
    if error is None:
        fake.connections.append({"id": "homeless"})
    lists.look()

    for _ in range(3):
        clock.advance(STALE)
        assert lists.look() == expected()
        assert lists.get(GROUPS[0]).problem is None
        assert lists.get(GROUPS[0]).fetched_at == clock.now

    assert fake.sent.count(EVERY) <= 3


@pytest.mark.parametrize("error", [ServerFailed("down"), RateLimited("down", retry_after=9)])
def test_a_failure_is_each_lists_problem_and_passes(fake, lists, clock, error):
    lists.look()
    clock.advance(STALE)
    fake.error = error
    lists.look()

    assert {type(lists.get(group_id).problem) for group_id in GROUPS} == {type(error)}
    fake.error = None
    clock.advance(STALE)
    assert lists.look() == expected()
    assert {lists.get(group_id).problem for group_id in GROUPS} == {None}


def test_nobody_waits_for_the_reading(fake, lists, clock):
    lists.look()
    clock.advance(STALE)
    blocked = threading.Event()
    fake.on_page = lambda page: blocked.wait(20)

    served = [lists.get(group_id) for group_id in GROUPS]
    clock.advance(10 * STALE)
    fresh = lists.get("new")
    lists.cache.forget(list_key(GROUPS[0]))
    again = lists.get(GROUPS[0])

    assert all(entry.items for entry in served)
    assert (fresh.items, len(again.items)) == ((), 2)
    blocked.set()
    lists.settle()


def test_a_list_that_would_get_too_old_is_read_by_itself(fake, lists, clock):
    lists.look()
    lists.account._duration = 600.0
    clock.advance(STALE)
    fake.sent.clear()
    started = threading.Event()
    fake.on_page = lambda page: started.wait(20)

    lists.get(GROUPS[0])
    lists.settle()

    assert f"/groups/{GROUPS[0]}/connections" in fake.sent
    started.set()


def test_many_moving_lists_share_one_reading_and_few_have_their_own_requests(fake, lists, clock):
    moving = {"status": {"setup_state": "connected", "sync_state": "syncing"}}
    fake.connections[0] |= moving
    lists.look()
    clock.advance(STALE)
    lists.look()
    assert lists.get(fake.connections[0]["group_id"]).lifetime == 3.0

    for row in fake.connections:
        row |= moving
    for _ in range(2):  # the first group's own request may end before the reading begins
        clock.advance(STALE)
        lists.look()
    assert {lists.get(group_id).lifetime for group_id in GROUPS} == {6.0}
    fake.sent.clear()
    for _ in range(600):
        clock.advance(1)
        lists.look()
    assert set(fake.sent) == {EVERY}
    assert len(fake.sent) <= 2 * 100


def test_a_change_in_another_process_is_not_undone_by_a_reading(fake, clock, tmp_path: Path):
    def lists() -> Lists:
        serializer = ListSerializer(Connector)
        return Lists(fake, clock, RedisBackend(url, prefix="pbf:1:x", serializer=serializer))

    with redis_server(tmp_path) as url:
        ours, theirs = lists(), lists()
        ours.look()
        clock.advance(STALE)

        def change(page: int) -> None:
            if page == 1:
                fake.add(GROUPS[0], "new")
                theirs.cache.forget(list_key(GROUPS[0]))

        fake.on_page = change
        ours.look()
        clock.advance(RECHECK)

        assert ours.look()[GROUPS[0]] == theirs.look()[GROUPS[0]] == ["group0-1", "group0-2", "new"]
        for process in (ours, theirs):
            process.cache.close()


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "look", "look", "wait"]),
        st.integers(0, MANY - 1),
        st.sampled_from([0, 1, 4, 31, 61, 400]),
    ),
    max_size=25,
)


@given(STEPS, st.integers(3, 30))
@cases(60)
def test_every_list_holds_its_own_connectors_as_of_its_time(steps, page):
    """Changes made here are shown at once; nothing shown is older than it claims to be."""
    fake, clock = FakeAccount(page=page), Clock()
    for group_id in GROUPS:
        fake.add(group_id, f"{group_id}-1", paused=True)
    lists = Lists(fake, clock)
    own = {group_id: {f"{group_id}-1"} for group_id in GROUPS}
    lists.look()
    for count, (step, number, later) in enumerate(steps):
        group_id = GROUPS[number]
        clock.advance(later)
        if step == "add":
            fake.add(group_id, f"{group_id}-new{count}")
            fake.connections.sort(key=lambda row: hash((row["id"], count)))
            own[group_id].add(f"{group_id}-new{count}")
        elif step == "remove" and own[group_id]:
            removed = own[group_id].pop()
            fake.connections[:] = [row for row in fake.connections if row["id"] != removed]
        if step in ("add", "remove"):
            lists.cache.forget(list_key(group_id))
        if step != "wait":
            shown = lists.look()
            assert {group: set(ids) for group, ids in shown.items()} == own
    lists.cache.close()


def hour(*, tenants: int, together: bool, moving: int = 0) -> int:
    """Return the requests of an hour in which all tenants, of 50 connectors each, are looked at."""
    fake, clock = FakeAccount(), Clock()
    groups = [f"group{number}" for number in range(tenants)]
    for number, group_id in enumerate(groups):
        state = "syncing" if number < moving else "scheduled"
        status = {"setup_state": "connected", "sync_state": state}
        fake.add(group_id, *(f"{group_id}-{index}" for index in range(50)), status=status)
    lists = Lists(fake, clock)
    if not together:
        lists.account._pause(math.inf)
    for _ in range(0, 3600 - 15, 15):
        fake.latest.rate_limit = RateLimit(limit=20_000, remaining=20_000 - len(fake.sent))
        for group_id in groups:
            lists.get(group_id)
        lists.settle()
        clock.advance(15)
    lists.cache.close()
    return len(fake.sent)


def test_an_hour_of_20_tenants_costs_less_together():
    apart, together = (hour(tenants=20, together=together) for together in (False, True))

    assert apart > 20 * 40
    assert together < apart / 8
