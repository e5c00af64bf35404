import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest
from pydantic import BaseModel

from pbf.cache.entries import FAILURE_LIFETIME, LONGEST_RETRY_AFTER, CachedList
from pbf.cache.shared import LONG_OUT_OF_DATE, SharedCache
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
from tests.support.servers import clean_environment

THREADS = 8
LIFETIME = 60.0
STALE = LIFETIME + 1
LONG_STALE = LIFETIME * LONG_OUT_OF_DATE + 1
PATIENCE = 20

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


class Clock:
    """The time for the cache and for dogpile underneath."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Source:
    """What is asked: it counts, answers or fails as it is told, and can be held in the middle."""

    def __init__(self, *ids: str) -> None:
        self.calls = 0
        self.result: list[Item] | Exception = [Item(id=one) for one in ids]
        self.entered = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()

    def __call__(self) -> list[Item]:
        with self._lock:
            self.calls += 1
            result = self.result
        self.entered.release()
        assert self._open.wait(PATIENCE)
        if isinstance(result, Exception):
            raise result
        return result

    def says(self, *ids: str) -> None:
        self.result = [Item(id=one) for one in ids]

    def fails(self, error: Exception) -> None:
        self.result = error

    def hold(self) -> None:
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def wait_until_asked(self) -> None:
        assert self.entered.acquire(timeout=PATIENCE)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


@pytest.fixture
def cache(clock) -> Iterator[SharedCache]:
    opened = SharedCache(clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def source() -> Iterator[Source]:
    made = Source("a")
    yield made
    made.let_go()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def get(cache: SharedCache, source: Source, key: str = "key") -> CachedList[Item]:
    return cache.get(key, source, lifetime=lambda _: LIFETIME)


def ids(answer: CachedList[Item]) -> list[str]:
    return [item.id for item in answer.items]


def together(threads: ThreadPoolExecutor, action: Callable[[], object]) -> list[Future]:
    """Let eight threads do something, none before all are ready."""
    ready = threading.Barrier(THREADS + 1)

    def one() -> object:
        ready.wait(PATIENCE)
        return action()

    futures = [threads.submit(one) for _ in range(THREADS)]
    ready.wait(PATIENCE)
    return futures


def settle(cache: SharedCache) -> None:
    """Wait until nothing is asked behind the scenes."""
    assert not wait(list(cache._flights.values()), PATIENCE).not_done


def known_and(seconds: float, cache: SharedCache, source: Source, clock: Clock) -> None:
    """Make the cache know an answer, some seconds old."""
    get(cache, source)
    source.wait_until_asked()
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
    assert (first.fetched_at, first.problem) == (Clock.now, None)
    assert second == first
    assert source.calls == 1


def test_an_empty_list_is_cached(cache, source):
    source.says()

    answers = [get(cache, source), get(cache, source)]

    assert [ids(answer) for answer in answers] == [[], []]
    assert source.calls == 1


def test_keys_are_independent(cache, source):
    other = Source("b")

    assert ids(get(cache, source, "one")) == ["a"]
    assert ids(get(cache, other, "two")) == ["b"]
    cache.forget("one")
    assert ids(get(cache, source, "one")) == ["a"]
    assert (source.calls, other.calls) == (2, 1)


def test_eight_callers_without_an_entry_cost_one_request(cache, source, threads):
    source.hold()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_asked()
    source.let_go()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["a"]] * THREADS
    assert source.calls == 1


def test_the_lifetime_depends_on_the_items(cache, source, clock):
    def lifetime(items):
        return 3.0 if items[0].id == "moving" else LIFETIME

    source.says("moving")
    cache.get("key", source, lifetime=lifetime)
    source.says("quiet")
    clock.advance(4)
    moving = cache.get("key", source, lifetime=lifetime)
    settle(cache)
    clock.advance(4)
    quiet = cache.get("key", source, lifetime=lifetime)

    assert (ids(moving), ids(quiet)) == (["moving"], ["quiet"])
    assert source.calls == 2


def test_a_stale_entry_is_served_while_it_is_refreshed(cache, source, clock):
    known_and(STALE, cache, source, clock)
    source.says("b")
    source.hold()

    at_once = [get(cache, source) for _ in range(3)]
    source.wait_until_asked()
    source.let_go()
    settle(cache)

    assert [ids(answer) for answer in at_once] == [["a"]] * 3
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2


def test_eight_callers_of_a_stale_entry_cost_one_request(cache, source, clock, threads):
    known_and(STALE, cache, source, clock)
    source.hold()

    callers = together(threads, lambda: get(cache, source))
    answers = [ids(caller.result(PATIENCE)) for caller in callers]
    source.let_go()
    settle(cache)

    assert answers == [["a"]] * THREADS
    assert source.calls == 2


def test_an_entry_long_out_of_date_is_not_served(cache, source, clock, threads):
    known_and(LONG_STALE, cache, source, clock)
    source.says("b")
    source.hold()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_asked()
    source.let_go()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["b"]] * THREADS
    assert source.calls == 2


def test_a_failure_without_an_entry_is_raised_and_cached(cache, source, clock):
    source.fails(TimedOut("too late"))

    for _ in range(3):
        with pytest.raises(TimedOut, match="too late"):
            get(cache, source)
    during = source.calls
    clock.advance(FAILURE_LIFETIME)
    source.says("b")

    assert ids(get(cache, source)) == ["b"]
    assert (during, source.calls) == (1, 2)


def test_eight_callers_who_wait_for_a_failure_do_not_retry_in_turn(cache, source, threads):
    source.fails(TimedOut("too late"))
    source.hold()

    callers = together(threads, lambda: get(cache, source))
    source.wait_until_asked()
    source.let_go()

    assert {type(caller.exception(PATIENCE)) for caller in callers} == {TimedOut}
    assert source.calls == 1


@pytest.mark.parametrize("error", DOWN)
def test_the_last_entry_is_served_marked_with_the_problem(cache, source, clock, error):
    known_and(STALE, cache, source, clock)
    source.fails(error)

    get(cache, source)
    settle(cache)
    answers = [get(cache, source) for _ in range(3)]

    assert [ids(answer) for answer in answers] == [["a"]] * 3
    assert [answer.problem for answer in answers] == [error] * 3
    assert answers[0].fetched_at == Clock.now
    assert source.calls == 2


@pytest.mark.parametrize("error", DOWN)
def test_an_entry_long_out_of_date_is_served_if_fetching_fails(cache, source, clock, error):
    known_and(LONG_STALE, cache, source, clock)
    source.fails(error)

    answer = get(cache, source)

    assert (ids(answer), answer.problem) == (["a"], error)


def test_the_problem_is_shown_until_fetching_succeeds(cache, source, clock):
    known_and(STALE, cache, source, clock)
    error = ConnectionFailed("down")
    source.fails(error)
    get(cache, source)
    source.wait_until_asked()
    settle(cache)
    clock.advance(FAILURE_LIFETIME)
    source.says("b")
    source.hold()

    while_asking = get(cache, source)
    source.wait_until_asked()
    source.let_go()
    settle(cache)
    afterwards = get(cache, source)
    clock.advance(STALE)
    later = get(cache, source)
    settle(cache)

    assert (ids(while_asking), while_asking.problem) == (["a"], error)
    assert (ids(afterwards), afterwards.problem) == (["b"], None)
    assert (ids(later), later.problem) == (["b"], None)


@pytest.mark.parametrize("error", REFUSED)
def test_a_refusal_hides_the_entry(cache, source, clock, error):
    known_and(STALE, cache, source, clock)
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
    source.says("b")

    assert ids(get(cache, source)) == ["b"]


@pytest.mark.parametrize("error", REFUSED)
def test_a_caller_who_waits_for_a_newer_entry_gets_the_refusal(cache, source, clock, error):
    known_and(LONG_STALE, cache, source, clock)
    source.fails(error)

    with pytest.raises(type(error)):
        get(cache, source)


def test_a_forgotten_key_is_fetched_again(cache, source):
    get(cache, source)
    source.says("b")

    cache.forget("key")

    assert ids(get(cache, source)) == ["b"]


def test_a_forgotten_failure_is_not_waited_out(cache, source):
    source.fails(ServerFailed("down"))
    with pytest.raises(ServerFailed):
        get(cache, source)
    source.says("b")

    cache.forget("key")

    assert ids(get(cache, source)) == ["b"]


def test_forgetting_an_unknown_key_does_nothing(cache):
    cache.forget("never asked for")


def test_forgetting_overrides_a_running_first_request(cache, source, threads):
    source.hold()
    before = threads.submit(get, cache, source)
    source.wait_until_asked()

    cache.forget("key")
    source.says("b")
    source.let_go()

    assert ids(before.result(PATIENCE)) == ["a"]
    assert ids(get(cache, source)) == ["b"]


def test_forgetting_overrides_a_running_refresh(cache, source, clock):
    known_and(STALE, cache, source, clock)
    source.hold()
    get(cache, source)
    source.wait_until_asked()

    cache.forget("key")
    source.says("b")
    source.let_go()

    assert ids(get(cache, source)) == ["b"]
    settle(cache)
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 3


def test_a_request_from_before_forgetting_leaves_no_failure(cache, source, threads):
    source.fails(TimedOut("too late"))
    source.hold()
    before = threads.submit(get, cache, source)
    source.wait_until_asked()

    cache.forget("key")
    source.says("b")
    source.let_go()

    assert isinstance(before.exception(PATIENCE), TimedOut)
    assert ids(get(cache, source)) == ["b"]


def test_callers_who_waited_when_it_was_forgotten_cost_no_extra_request(
    cache, source, threads, monkeypatch
):
    joined = threading.Semaphore(0)
    join = cache._join

    def join_and_tell(*arguments, **options):
        flight = join(*arguments, **options)
        joined.release()
        return flight

    monkeypatch.setattr(cache, "_join", join_and_tell)
    source.hold()
    callers = together(threads, lambda: get(cache, source))
    for _ in range(THREADS):
        assert joined.acquire(timeout=PATIENCE)

    cache.forget("key")
    source.says("b")
    source.let_go()

    assert [ids(caller.result(PATIENCE)) for caller in callers] == [["a"]] * THREADS
    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 2


def test_the_revision_changes_only_with_the_content(cache, source, clock):
    revisions = []
    for content in (["a", "b"], ["a", "b"], ["b", "a"], ["ab"], []):
        source.says(*content)
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
    source.says("b")

    assert ids(get(cache, source)) == ["b"]
    assert source.calls == 3


def test_an_unexpected_error_in_the_background_is_logged(cache, source, clock, caplog):
    known_and(STALE, cache, source, clock)
    source.fails(ZeroDivisionError("oh"))

    old = get(cache, source)
    settle(cache)
    source.says("b")
    get(cache, source)
    settle(cache)

    assert ids(old) == ["a"]
    assert ids(get(cache, source)) == ["b"]
    assert "Asking for key failed" in caplog.text
    assert "ZeroDivisionError: oh" in caplog.text


def test_an_unexpected_error_is_raised_to_waiting_callers(cache, source, clock, caplog):
    known_and(LONG_STALE, cache, source, clock)
    source.fails(ZeroDivisionError("oh"))

    with pytest.raises(ZeroDivisionError):
        get(cache, source)


@pytest.mark.parametrize("age", [0, STALE, LONG_STALE])
def test_after_closing_entries_are_still_served(cache, source, clock, age):
    known_and(age, cache, source, clock)

    cache.close()

    assert [ids(get(cache, source)) for _ in range(2)] == [["a"], ["a"]]
    assert source.calls == 1


def test_closing_releases_waiting_callers_with_the_entry(cache, source, clock, threads):
    known_and(LONG_STALE, cache, source, clock)
    source.hold()
    waiting = threads.submit(get, cache, source)
    source.wait_until_asked()

    cache.close()

    assert ids(waiting.result(PATIENCE)) == ["a"]


def test_closing_releases_waiting_callers_without_an_entry(cache, source, threads):
    source.hold()
    waiting = threads.submit(get, cache, source)
    source.wait_until_asked()

    cache.close()

    assert isinstance(waiting.exception(PATIENCE), ConnectionFailed)
    with pytest.raises(ConnectionFailed, match="being stopped"):
        get(cache, source)
    assert source.calls == 1


def test_a_running_request_keeps_no_process_alive():
    script = """
import threading
from pbf.cache.shared import SharedCache

cache, asked = SharedCache(), threading.Event()

def hang():
    asked.set()
    threading.Event().wait()

threading.Thread(
    target=lambda: cache.get("key", hang, lifetime=lambda _: 1.0), daemon=True
).start()
asked.wait()
"""

    ended = subprocess.run(
        [sys.executable, "-c", script], timeout=PATIENCE, env=clean_environment(), check=False
    )

    assert ended.returncode == 0


def test_refreshes_leave_no_requests_behind(cache, source, clock):
    known_and(STALE, cache, source, clock)
    for _ in range(3):
        get(cache, source)
        settle(cache)
        clock.advance(STALE)

    cache.close()

    assert cache._flights == {}


def test_a_fresh_entry_is_served_without_reading_its_items(cache, source):
    looked = []

    def lifetime(items):
        looked.append(len(items))
        return LIFETIME

    for _ in range(3):
        cache.get("key", source, lifetime=lifetime)

    assert looked == [1]


@pytest.mark.parametrize(
    ("retry_after", "asked_again_after"),
    [
        pytest.param(1, FAILURE_LIFETIME, id="at-least-as-after-any-failure"),
        pytest.param(60, 60, id="as-fivetran-says"),
        pytest.param(3600, LONGEST_RETRY_AFTER, id="five-minutes-at-most"),
    ],
)
def test_after_a_429_the_entry_is_served_until_retry_after(
    cache, source, clock, retry_after, asked_again_after
):
    known_and(STALE, cache, source, clock)
    source.fails(RateLimited("slower", retry_after=retry_after))
    get(cache, source)
    settle(cache)

    clock.advance(asked_again_after - 1)
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
    source.says("b")

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

    def all_sides() -> None:
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
                source.says(str(turn))

    for caller in together(threads, all_sides):
        caller.result(PATIENCE)
    source.says("last")
    cache.forget("key")

    answer = get(cache, source)
    settle(cache)
    assert (ids(answer), answer.problem) == (["last"], None)
    assert get(cache, source) == answer


def test_while_fetching_fails_callers_with_an_entry_do_not_wait(cache, source, clock):
    known_and(LONG_STALE, cache, source, clock)
    error = ConnectionFailed("down")
    source.fails(error)
    get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    source.hold()

    answer = get(cache, source)  # would wait for ever, since nothing lets the source go

    assert (ids(answer), answer.problem) == (["a"], error)


def test_a_caller_with_an_entry_waits_a_limited_time_for_a_newer_one(
    cache, source, clock, monkeypatch
):
    known_and(LONG_STALE, cache, source, clock)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    source.says("b")
    source.hold()

    first = get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", None)  # nobody waits a second time
    second = get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    third = get(cache, source)
    source.let_go()
    settle(cache)

    assert [ids(answer) for answer in (first, second, third)] == [["a"]] * 3
    assert {str(answer.problem) for answer in (first, second, third)} == {
        "Fivetran takes long to answer."
    }
    assert (ids(get(cache, source)), get(cache, source).problem) == (["b"], None)
    assert source.calls == 2


@pytest.mark.parametrize("error", DOWN)
def test_a_forgotten_entry_is_served_if_fetching_fails(cache, source, error):
    get(cache, source)
    cache.forget("key")
    source.fails(error)

    answers = [get(cache, source) for _ in range(2)]

    assert [(ids(answer), answer.problem) for answer in answers] == [(["a"], error)] * 2
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
    source.says("b")
    source.hold()

    first = get(cache, source)  # would wait for ever, since nothing lets the source go
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", None)  # nobody waits a second time
    second = get(cache, source)
    clock.advance(FAILURE_LIFETIME)
    third = get(cache, source)
    source.let_go()
    settle(cache)

    assert [ids(answer) for answer in (first, second, third)] == [["a"]] * 3
    assert {str(answer.problem) for answer in (first, second, third)} == {
        "Fivetran takes long to answer."
    }
    assert (ids(get(cache, source)), get(cache, source).problem) == (["b"], None)


@pytest.mark.parametrize("error", DOWN)
def test_a_slow_request_that_fails_leaves_the_previous_entry(cache, source, monkeypatch, error):
    get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    cache.forget("key")
    source.fails(error)
    source.hold()
    get(cache, source)
    source.let_go()
    settle(cache)

    answer = get(cache, source)

    assert (ids(answer), answer.problem) == (["a"], error)


def test_forgetting_repeatedly_loses_no_previous_entry(cache, source, monkeypatch):
    get(cache, source)
    monkeypatch.setattr("pbf.cache.shared.LONGEST_WAIT", 0.05)
    source.hold()

    answers = []
    for _ in range(3):
        cache.forget("key")
        answers.append(ids(get(cache, source)))

    assert answers == [["a"]] * 3


def test_patience_limits_the_wait_for_a_first_entry(cache, source, clock):
    source.hold()

    with pytest.raises(TimedOut, match="takes long"):
        cache.get("key", source, lifetime=lambda _: LIFETIME, patience=0.05)
    clock.advance(FAILURE_LIFETIME)
    with pytest.raises(TimedOut, match="takes long"):
        # Would wait for ever: what was slow a moment ago is not waited for again.
        cache.get("key", source, lifetime=lambda _: LIFETIME, patience=600)
    source.let_go()
    settle(cache)

    assert ids(cache.get("key", source, lifetime=lambda _: LIFETIME, patience=0.05)) == ["a"]
    assert source.calls == 1


def test_the_number_of_keys_is_limited(clock, source):
    cache = SharedCache(clock=clock, most=3)

    for number in range(20):
        get(cache, source, f"key {number}")
        if number < 10:
            cache.forget(f"key {number}")
    source.fails(TimedOut("down"))
    for number in range(20, 30):
        with pytest.raises(TimedOut):
            get(cache, source, f"key {number}")

    kept = (cache._known, cache._former, cache._failures, cache._flights)
    assert [len(each) for each in kept] == [3, 3, 3, 0]
    assert list(cache._known) == ["key 17", "key 18", "key 19"]  # the newest
    assert len([key for key in cache._backend._region.backend._cache if "@" in key]) == 3
    cache.close()
