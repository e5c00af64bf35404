import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from pydantic import BaseModel

from pbf.cache.entries import (
    FAILURE_LIFETIME,
    LONGEST_RETRY_AFTER,
    MAX_STALE_LIFETIMES,
    CachedList,
    PartialList,
)
from pbf.cache.shared import SharedCache
from pbf.errors import (
    ApiError,
    BadAnswer,
    Conflict,
    ConnectionFailed,
    Forbidden,
    GroupNotVisible,
    NotFound,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unauthorized,
)
from tests.support.cache_source import Source, exit_status_with_a_hanging_request
from tests.support.clock import START, Clock
from tests.support.servers import PATIENCE

THREADS = 8
LIFETIME = 60.0
STALE = LIFETIME + 1
LONG_STALE = LIFETIME * MAX_STALE_LIFETIMES + 1

DOWN = [
    pytest.param(ConnectionFailed("down"), id="connection-failed"),
    pytest.param(TimedOut("down"), id="timed-out"),
    pytest.param(ServerFailed("down"), id="server-failed"),
    pytest.param(BadAnswer("down"), id="bad-answer"),
    pytest.param(RateLimited("down", retry_after=60), id="rate-limited"),
]
REFUSED = [
    pytest.param(Unauthorized("no"), id="unauthorized"),
    pytest.param(Forbidden("no"), id="forbidden"),
    pytest.param(NotFound("no"), id="not-found"),
    pytest.param(GroupNotVisible("no"), id="group-not-visible"),
    pytest.param(Conflict("no"), id="conflict"),
]


class Item(BaseModel):
    id: str


def item(name: str) -> Item:
    return Item(id=name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock) -> Iterator[SharedCache]:
    opened = SharedCache(clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def source() -> Iterator[Source]:
    source = Source(item, "a")
    yield source
    source.release()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def get(cache: SharedCache, source: Source, key: str = "key") -> CachedList[Item]:
    return cache.get(key, source, lifetime=lambda _: LIFETIME)


def ids(entry: CachedList[Item]) -> list[str]:
    return [item.id for item in entry.items]


def together(threads: ThreadPoolExecutor, action: Callable[[], object]) -> list[Future]:
    """Run an action in eight threads, which start together."""
    ready = threading.Barrier(THREADS + 1)

    def run() -> object:
        ready.wait(PATIENCE)
        return action()

    futures = [threads.submit(run) for _ in range(THREADS)]
    ready.wait(PATIENCE)
    return futures


def settle(cache: SharedCache) -> None:
    """Wait until no request is running in the background."""
    assert not wait(list(cache._requests.values()), PATIENCE).not_done


def fill(seconds: float, cache: SharedCache, source: Source, clock: Clock) -> None:
    """Fill the cache with an entry that is some seconds old."""
    get(cache, source)
    source.wait_until_called()
    clock.advance(seconds)


def test_an_entry_is_available_until_it_is_long_out_of_date(cache, source, clock):
    is_available = [cache.is_available("key")]
    get(cache, source)
    is_available.append(cache.is_available("key"))
    clock.advance(STALE)
    is_available.append(cache.is_available("key"))
    clock.advance(LONG_STALE)
    is_available.append(cache.is_available("key"))

    assert is_available == [False, True, True, False]


def test_only_the_first_call_fetches(cache, source, clock):
    first = get(cache, source)
    clock.advance(LIFETIME)
    second = get(cache, source)

    assert ids(first) == ["a"]
    assert (first.fetched_at, first.problem) == (START, None)
    assert second == first
    assert source.calls == 1


def test_an_empty_list_is_cached(cache, source):
    source.returns()

    entries = [get(cache, source), get(cache, source)]

    assert [ids(entry) for entry in entries] == [[], []]
    assert source.calls == 1


def test_keys_are_independent(cache, source):
    second_source = Source(item, "b")

    assert ids(get(cache, source, "one")) == ["a"]
    assert ids(get(cache, second_source, "two")) == ["b"]
    cache.forget("one")
    assert ids(get(cache, source, "one")) == ["a"]
    assert (source.calls, second_source.calls) == (2, 1)


def test_eight_callers_without_an_entry_cost_one_request(cache, source, threads):
    source.block()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_called()
    source.release()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["a"]] * THREADS
    assert source.calls == 1


def test_the_lifetime_depends_on_the_items(cache, source, clock):
    def lifetime(items):
        return 3.0 if items[0].id == "moving" else LIFETIME

    source.returns("moving")
    cache.get("key", source, lifetime=lifetime)
    source.returns("quiet")
    clock.advance(4)
    moving = cache.get("key", source, lifetime=lifetime)
    settle(cache)
    clock.advance(4)
    quiet = cache.get("key", source, lifetime=lifetime)

    assert (ids(moving), ids(quiet)) == (["moving"], ["quiet"])
    assert source.calls == 2


def test_a_stale_entry_is_served_while_it_is_refreshed(cache, source, clock):
    fill(STALE, cache, source, clock)
    source.returns("b")
    source.block()

    at_once = [get(cache, source) for _ in range(3)]
    source.wait_until_called()
    source.release()
    settle(cache)

    assert [ids(entry) for entry in at_once] == [["a"]] * 3
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2


def test_eight_callers_of_a_stale_entry_cost_one_request(cache, source, clock, threads):
    fill(STALE, cache, source, clock)
    source.block()

    callers = together(threads, lambda: get(cache, source))
    entries = [ids(caller.result(PATIENCE)) for caller in callers]
    source.release()
    settle(cache)

    assert entries == [["a"]] * THREADS
    assert source.calls == 2


def test_an_entry_long_out_of_date_is_not_served(cache, source, clock, threads):
    fill(LONG_STALE, cache, source, clock)
    source.returns("b")
    source.block()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_called()
    source.release()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["b"]] * THREADS
    assert source.calls == 2


def test_a_failure_without_an_entry_is_raised_and_cached(cache, source, clock):
    source.fails(TimedOut("too late"))

    for _ in range(3):
        with pytest.raises(TimedOut, match="too late"):
            get(cache, source)
    during = source.calls
    clock.advance(FAILURE_LIFETIME)
    source.returns("b")

    assert ids(get(cache, source)) == ["b"]
    assert (during, source.calls) == (1, 2)


def test_eight_callers_who_wait_for_a_failure_do_not_retry_in_turn(cache, source, threads):
    source.fails(TimedOut("too late"))
    source.block()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_called()
    source.release()

    assert {type(caller.exception(PATIENCE)) for caller in callers} == {TimedOut}
    assert source.calls == 1


@pytest.mark.parametrize("error", DOWN)
def test_the_last_entry_is_served_marked_with_the_problem(cache, source, clock, error):
    fill(STALE, cache, source, clock)
    source.fails(error)

    get(cache, source)
    settle(cache)
    entries = [get(cache, source) for _ in range(3)]

    assert [ids(entry) for entry in entries] == [["a"]] * 3
    assert [entry.problem for entry in entries] == [error] * 3
    assert entries[0].fetched_at == START
    assert source.calls == 2


@pytest.mark.parametrize("error", DOWN)
def test_an_entry_long_out_of_date_is_served_if_fetching_fails(cache, source, clock, error):
    fill(LONG_STALE, cache, source, clock)
    source.fails(error)

    entry = get(cache, source)

    assert (ids(entry), entry.problem) == (["a"], error)


def test_the_problem_is_shown_until_fetching_succeeds(cache, source, clock):
    fill(STALE, cache, source, clock)
    error = ConnectionFailed("down")
    source.fails(error)
    get(cache, source)
    source.wait_until_called()
    settle(cache)
    clock.advance(FAILURE_LIFETIME)
    source.returns("b")
    source.block()

    during = get(cache, source)
    source.wait_until_called()
    source.release()
    settle(cache)
    afterwards = get(cache, source)
    clock.advance(STALE)
    later = get(cache, source)
    settle(cache)

    assert (ids(during), during.problem) == (["a"], error)
    assert (ids(afterwards), afterwards.problem) == (["b"], None)
    assert (ids(later), later.problem) == (["b"], None)


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_hides_the_entry(cache, source, clock, error):
    fill(STALE, cache, source, clock)
    source.fails(error)
    get(cache, source)
    settle(cache)

    with pytest.raises(type(error)):
        get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    source.fails(ConnectionFailed("down"))
    with pytest.raises(ConnectionFailed):
        get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    source.returns("b")

    assert ids(get(cache, source)) == ["b"]


@pytest.mark.parametrize("error", REFUSED)
def test_a_caller_who_waits_for_a_newer_entry_gets_the_refusal(cache, source, clock, error):
    fill(LONG_STALE, cache, source, clock)
    source.fails(error)

    with pytest.raises(type(error)):
        get(cache, source)


def test_a_forgotten_key_is_fetched_again(cache, source):
    get(cache, source)
    source.returns("b")

    cache.forget("key")

    assert ids(get(cache, source)) == ["b"]


def test_a_dropped_key_is_never_served_from_before(cache, source):
    get(cache, source)
    source.fails(ServerFailed("down"))

    cache.forget("key")
    assert ids(get(cache, source)) == ["a"]
    cache.drop("key")

    with pytest.raises(ServerFailed):
        get(cache, source)


def test_a_forgotten_failure_is_not_waited_out(cache, source):
    source.fails(ServerFailed("down"))
    with pytest.raises(ServerFailed):
        get(cache, source)
    source.returns("b")

    cache.forget("key")

    assert ids(get(cache, source)) == ["b"]


def test_forgetting_an_unknown_key_does_nothing(cache):
    cache.forget("never asked for")


def test_forgetting_overrides_a_running_first_request(cache, source, threads):
    source.block()
    before = threads.submit(get, cache, source)
    source.wait_until_called()

    cache.forget("key")
    source.returns("b")
    source.release()

    assert ids(before.result(PATIENCE)) == ["a"]
    assert ids(get(cache, source)) == ["b"]


def test_forgetting_overrides_a_running_refresh(cache, source, clock):
    fill(STALE, cache, source, clock)
    source.block()
    get(cache, source)
    source.wait_until_called()

    cache.forget("key")
    source.returns("b")
    source.release()

    assert ids(get(cache, source)) == ["b"]
    settle(cache)
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 3


def test_a_request_from_before_forgetting_leaves_no_failure(cache, source, threads):
    source.fails(TimedOut("too late"))
    source.block()
    before = threads.submit(get, cache, source)
    source.wait_until_called()

    cache.forget("key")
    source.returns("b")
    source.release()

    assert isinstance(before.exception(PATIENCE), TimedOut)
    assert ids(get(cache, source)) == ["b"]


def test_callers_who_waited_when_it_was_forgotten_cost_no_extra_request(
    cache, source, threads, monkeypatch
):
    joined = threading.Semaphore(0)
    join = cache._join

    def join_and_tell(*arguments, **options):
        request = join(*arguments, **options)
        joined.release()
        return request

    monkeypatch.setattr(cache, "_join", join_and_tell)
    source.block()
    callers = together(threads, lambda: get(cache, source))
    for _ in range(THREADS):
        assert joined.acquire(timeout=PATIENCE)

    cache.forget("key")
    source.returns("b")
    source.release()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["a"]] * THREADS
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2


def test_the_revision_changes_only_with_the_content(cache, source, clock):
    revisions = []
    for content in (["a", "b"], ["a", "b"], ["b", "a"], ["ab"], []):
        source.returns(*content)
        cache.forget("key")
        clock.advance(1)
        revisions.append(get(cache, source).revision)

    assert revisions[0] == revisions[1]
    assert len(set(revisions)) == 4


def test_an_unexpected_error_is_raised_and_not_cached(cache, source):
    source.fails(ZeroDivisionError("oh"))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            get(cache, source)
    source.returns("b")

    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 3


def test_an_unexpected_error_in_the_background_is_logged(cache, source, clock, caplog):
    fill(STALE, cache, source, clock)
    source.fails(ZeroDivisionError("oh"))

    old = get(cache, source)
    settle(cache)
    source.returns("b")
    get(cache, source)
    settle(cache)

    assert ids(old) == ["a"]
    assert ids(get(cache, source)) == ["b"]
    assert "Fetching key failed" in caplog.text
    assert "ZeroDivisionError: oh" in caplog.text


def test_an_unexpected_error_is_raised_to_waiting_callers(cache, source, clock, caplog):
    fill(LONG_STALE, cache, source, clock)
    source.fails(ZeroDivisionError("oh"))

    with pytest.raises(ZeroDivisionError):
        get(cache, source)


@pytest.mark.parametrize("age", [0, STALE, LONG_STALE])
def test_after_closing_entries_are_still_served(cache, source, clock, age):
    fill(age, cache, source, clock)

    cache.close()

    assert [ids(get(cache, source)) for _ in range(2)] == [["a"], ["a"]]
    assert source.calls == 1


def test_closing_releases_waiting_callers_with_the_entry(cache, source, clock, threads):
    fill(LONG_STALE, cache, source, clock)
    source.block()
    waiting = threads.submit(get, cache, source)
    source.wait_until_called()

    cache.close()

    assert ids(waiting.result(PATIENCE)) == ["a"]


def test_closing_releases_waiting_callers_without_an_entry(cache, source, threads):
    source.block()
    waiting = threads.submit(get, cache, source)
    source.wait_until_called()

    cache.close()

    assert isinstance(waiting.exception(PATIENCE), ConnectionFailed)
    with pytest.raises(ConnectionFailed, match="being stopped"):
        get(cache, source)
    assert source.calls == 1


def test_a_running_request_keeps_no_process_alive():
    assert exit_status_with_a_hanging_request("cache = SharedCache()") == 0


def test_refreshes_leave_no_requests_behind(cache, source, clock):
    fill(STALE, cache, source, clock)
    for _ in range(3):
        get(cache, source)
        settle(cache)
        clock.advance(STALE)

    cache.close()

    assert cache._requests == {}


def test_a_fresh_entry_is_served_without_reading_its_items(cache, source):
    counts = []

    def lifetime(items):
        counts.append(len(items))
        return LIFETIME

    for _ in range(3):
        cache.get("key", source, lifetime=lifetime)

    assert counts == [1]


@pytest.mark.parametrize(
    ("retry_after", "retried_after"),
    [
        pytest.param(1, FAILURE_LIFETIME, id="at-least-as-after-any-failure"),
        pytest.param(60, 60, id="as-fivetran-says"),
        pytest.param(3600, LONGEST_RETRY_AFTER, id="five-minutes-at-most"),
    ],
)
def test_after_a_429_the_entry_is_served_until_retry_after(
    cache, source, clock, retry_after, retried_after
):
    fill(STALE, cache, source, clock)
    source.fails(RateLimited("slower", retry_after=retry_after))
    get(cache, source)
    settle(cache)

    clock.advance(retried_after - 1)
    early = get(cache, source)
    settle(cache)
    calls = source.calls
    clock.advance(1)
    get(cache, source)
    settle(cache)

    assert (ids(early), type(early.problem)) == (["a"], RateLimited)
    assert (calls, source.calls) == (2, 3)


def test_after_a_429_without_an_entry_fetching_continues(cache, source, clock):
    source.fails(RateLimited("slower", retry_after=3600))
    with pytest.raises(RateLimited):
        get(cache, source)
    source.returns("b")

    clock.advance(FAILURE_LIFETIME)

    assert ids(get(cache, source)) == ["b"]


def test_failures_of_keys_without_an_entry_do_not_accumulate(cache, source, clock):
    source.fails(NotFound("no such service"))
    for number in range(50):
        with pytest.raises(NotFound):
            get(cache, source, f"service:{number}")
        clock.advance(FAILURE_LIFETIME)

    assert len(cache._failures) <= 2


def test_concurrent_calls_failures_and_forgetting_end_consistent(cache, source, clock, threads):
    turns = 200

    def mixed_calls() -> None:
        for turn in range(turns):
            if turn % 7 == 0:
                clock.advance(STALE)
            if turn % 11 == 0:
                cache.forget("key")
            try:
                get(cache, source)
            except ApiError:
                clock.advance(FAILURE_LIFETIME)
            if turn % 5 == 0:
                source.fails(ServerFailed("down"))
            else:
                source.returns(str(turn))

    for caller in together(threads, mixed_calls):
        caller.result(PATIENCE)
    source.returns("last")
    cache.forget("key")

    entry = get(cache, source)
    settle(cache)
    assert (ids(entry), entry.problem) == (["last"], None)
    assert get(cache, source) == entry


def test_while_fetching_fails_callers_with_an_entry_do_not_wait(cache, source, clock):
    fill(LONG_STALE, cache, source, clock)
    error = ConnectionFailed("down")
    source.fails(error)
    get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    source.block()

    entry = get(cache, source)  # would block for ever if it waited

    assert (ids(entry), entry.problem) == (["a"], error)


def test_a_caller_with_an_entry_waits_a_limited_time_for_a_newer_one(
    cache, source, clock, monkeypatch
):
    fill(LONG_STALE, cache, source, clock)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    source.returns("b")
    source.block()

    first = get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", None)  # no second wait
    second = get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    third = get(cache, source)
    source.release()
    settle(cache)

    assert [ids(entry) for entry in (first, second, third)] == [["a"]] * 3
    assert {str(entry.problem) for entry in (first, second, third)} == {
        "Fivetran takes long to answer."
    }
    assert (ids(get(cache, source)), get(cache, source).problem) == (["b"], None)
    assert source.calls == 2


@pytest.mark.parametrize("error", DOWN)
def test_a_forgotten_entry_is_served_if_fetching_fails(cache, source, error):
    get(cache, source)
    cache.forget("key")
    source.fails(error)

    entries = [get(cache, source) for _ in range(2)]

    assert [(ids(entry), entry.problem) for entry in entries] == [(["a"], error)] * 2
    assert source.calls == 2


@pytest.mark.parametrize("error", REFUSED)
def test_a_forgotten_entry_is_not_shown_to_a_revoked_key(cache, source, error):
    get(cache, source)
    cache.forget("key")
    source.fails(error)

    for _ in range(2):
        with pytest.raises(type(error)):
            get(cache, source)


def test_after_forgetting_callers_with_a_previous_entry_wait_a_limited_time(
    cache, source, clock, monkeypatch
):
    get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    cache.forget("key")
    source.returns("b")
    source.block()

    first = get(cache, source)  # would block for ever if it waited
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", None)  # no second wait
    second = get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    third = get(cache, source)
    source.release()
    settle(cache)

    assert [ids(entry) for entry in (first, second, third)] == [["a"]] * 3
    assert {str(entry.problem) for entry in (first, second, third)} == {
        "Fivetran takes long to answer."
    }
    assert (ids(get(cache, source)), get(cache, source).problem) == (["b"], None)


@pytest.mark.parametrize("error", DOWN)
def test_a_slow_request_that_fails_leaves_the_previous_entry(cache, source, monkeypatch, error):
    get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    cache.forget("key")
    source.fails(error)
    source.block()
    get(cache, source)
    source.release()
    settle(cache)

    entry = get(cache, source)

    assert (ids(entry), entry.problem) == (["a"], error)


def test_forgetting_repeatedly_loses_no_previous_entry(cache, source, monkeypatch):
    get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    source.block()

    entries = []
    for _ in range(3):
        cache.forget("key")
        entries.append(ids(get(cache, source)))

    assert entries == [["a"]] * 3


def test_patience_limits_the_wait_for_a_first_entry(cache, source, clock):
    source.block()

    with pytest.raises(TimedOut, match="takes long"):
        cache.get("key", source, lifetime=lambda _: LIFETIME, patience=0.05)
    clock.advance(FAILURE_LIFETIME)
    with pytest.raises(TimedOut, match="takes long"):
        # Would block for ever if it waited for a request that was slow a moment ago.
        cache.get("key", source, lifetime=lambda _: LIFETIME, patience=600)
    source.release()
    settle(cache)

    assert ids(cache.get("key", source, lifetime=lambda _: LIFETIME, patience=0.05)) == ["a"]
    assert source.calls == 1


def test_the_number_of_keys_is_limited(clock, source):
    cache = SharedCache(clock=clock, max_keys=3)

    for number in range(20):
        get(cache, source, f"key {number}")
        if number < 10:
            cache.forget(f"key {number}")
    source.fails(TimedOut("down"))
    for number in range(20, 30):
        with pytest.raises(TimedOut):
            get(cache, source, f"key {number}")

    stored = (cache._entries, cache._previous, cache._failures, cache._requests)
    assert [len(entries) for entries in stored] == [3, 3, 3, 0]
    assert list(cache._entries) == ["key 17", "key 18", "key 19"]  # the newest
    assert not any(cache.is_available(f"key {number}") for number in range(17))
    cache.close()


@pytest.mark.parametrize("limits", [{"max_keys": 3}, {"max_items": 3}], ids=["keys", "items"])
def test_lists_that_were_not_used_for_longest_are_evicted(clock, source, limits):
    cache = SharedCache(clock=clock, **limits)

    for key in ("a", "b", "c"):
        get(cache, source, key)
        clock.advance(1)
    get(cache, source, "a")
    clock.advance(1)
    get(cache, source, "d")

    assert sorted(cache._entries) == ["a", "c", "d"]
    cache.close()


def test_previous_lists_are_evicted_first_and_the_newest_stays_however_long(clock, source):
    cache = SharedCache(clock=clock, max_items=3)

    get(cache, source, "forgotten")
    cache.forget("forgotten")
    get(cache, source, "a")
    source.returns("a", "b", "c")
    get(cache, source, "three")
    assert (list(cache._previous), list(cache._entries)) == ([], ["three"])

    source.returns(*"abcdef")
    get(cache, source, "six")
    assert list(cache._entries) == ["six"]
    cache.close()


def test_the_generation_changes_with_each_forgetting_of_its_key(cache, source):
    get(cache, source)
    before = cache.generation("key")
    cache.forget("other")
    assert cache.generation("key") == before

    cache.forget("key")
    after = cache.generation("key")
    cache.forget("key")

    assert len({before, after, cache.generation("key")}) == 3


def test_forgetting_many_keys_takes_no_more_memory_than_forgetting_few():
    cache = SharedCache(max_keys=10)
    before = {f"key {number}": cache.generation(f"key {number}") for number in range(100)}

    for key in before:
        cache.forget(key)

    assert len(cache._forgotten) == 10
    assert [key for key in before if cache.generation(key) == before[key]] == []


def test_the_age_of_a_list_counts_from_when_it_was_read(cache, clock):
    read = PartialList([item("a")], read_at=START - 50)

    entry = cache.get("key", lambda: read, lifetime=lambda _: LIFETIME)

    assert entry.fetched_at == START - 50
    assert cache.peek("key") is entry
    cache.forget("key")
    assert cache.peek("key") is None
