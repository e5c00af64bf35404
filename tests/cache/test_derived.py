import threading

import pytest

from pbf.cache.derived import DerivedCache


def test_a_value_is_derived_once_for_all_who_ask_at_the_same_time():
    cache, calls, go = DerivedCache[str](100), [], threading.Event()
    values: list[str] = []

    def derive() -> str:
        calls.append(1)
        go.wait(10)
        return "value"

    threads = [
        threading.Thread(target=lambda: values.append(cache.get("key", 1, derive, items=1)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)

    assert (values, calls) == (["value"] * 8, [1])


def test_many_short_lists_fit_where_few_long_ones_do():
    short, long = DerivedCache[int](3000), DerivedCache[int](3000)

    for number in range(100):
        short.get(number, 1, lambda: 0, items=100)
        long.get(number, 1, lambda: 0, items=1000)

    assert (len(short), len(long)) == (30, 3)


def test_what_was_used_last_stays():
    cache = DerivedCache[str](200)
    cache.get("a", 1, lambda: "first", items=100)
    cache.get("b", 1, lambda: "first", items=100)
    cache.get("a", 1, lambda: "again", items=100)
    cache.get("c", 1, lambda: "first", items=100)

    assert cache.get("a", 1, lambda: "again", items=100) == "first"
    assert cache.get("b", 1, lambda: "again", items=100) == "again"


def test_a_value_that_is_too_long_is_kept_until_the_next_one():
    cache = DerivedCache[str](200)
    cache.get("long", 1, lambda: "first", items=1000)

    assert cache.get("long", 1, lambda: "again", items=1000) == "first"
    cache.get("short", 1, lambda: "", items=1)
    assert cache.get("long", 1, lambda: "again", items=1000) == "again"


def test_an_error_is_not_kept():
    cache = DerivedCache[str](200)

    def fail() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        cache.get("key", 1, fail, items=1)

    assert cache.get("key", 1, lambda: "value", items=1) == "value"
    assert len(cache) == 1


def test_a_new_state_replaces_the_former_value():
    cache = DerivedCache[str](200)
    cache.get("key", 1, lambda: "former", items=100)

    assert cache.get("key", 2, lambda: "new", items=100) == "new"
    assert cache.get("key", 2, lambda: "again", items=100) == "new"
    assert len(cache) == 1
