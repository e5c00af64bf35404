import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import URL

from pbf import store as stores
from pbf.models import Connector
from pbf.store import USED_STATES_KEPT, Store

THREADS = 8
IN_MEMORY = ["sqlite://", "sqlite:///:memory:"]


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    url = "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    opened = Store(url)
    yield opened
    opened.close()


def connector(connector_id: str = "one", schema: str = "sales.sales") -> Connector:
    return Connector(id=connector_id, schema_name=schema)


def at_once(action):
    """Do something in eight threads that start together, and return the eight answers."""
    together = threading.Barrier(THREADS)

    def one(number: int):
        together.wait()
        return action(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_a_typed_name_is_kept_as_it_was_typed(store):
    store.keep_name(connector(), "Verkäufe 🎉 'Süd'; --")

    assert store.names() == {("one", "sales.sales"): "Verkäufe 🎉 'Süd'; --"}


def test_the_last_name_for_a_connector_counts(store):
    store.keep_name(connector(), "First")
    store.keep_name(connector(), "Second")

    assert store.names() == {("one", "sales.sales"): "Second"}


def test_an_id_that_is_given_out_again_does_not_inherit_the_name(store):
    store.keep_name(connector(schema="sales.sales"), "Sales")
    store.keep_name(connector(schema="stock.stock"), "Stock")

    assert store.names() == {("one", "sales.sales"): "Sales", ("one", "stock.stock"): "Stock"}


def test_an_attempt_leads_to_the_connector_it_made(store):
    store.keep_attempt("form-1", "one")

    assert store.attempt("form-1") == "one"
    assert store.attempt("form-2") is None


def test_an_attempt_kept_again_breaks_nothing(store):
    store.keep_attempt("form-1", "one")
    store.keep_attempt("form-1", "one")

    assert store.attempt("form-1") == "one"


def test_a_state_is_used_once(store):
    answers = [store.use_state("nonce") for _ in range(3)]

    assert answers == [True, False, False]
    assert store.use_state("other")


def test_a_state_is_used_once_by_eight_threads_together(store):
    answers = at_once(lambda _: store.use_state("nonce"))

    assert sorted(answers) == [False] * 7 + [True]


def test_threads_write_together_and_lose_nothing(store):
    at_once(lambda number: store.keep_name(connector(f"c{number}"), f"Name {number}"))

    assert store.names() == {(f"c{n}", "sales.sales"): f"Name {n}" for n in range(THREADS)}


@pytest.mark.parametrize("url", IN_MEMORY)
def test_in_memory_all_threads_see_the_same(url):
    store = Store(url)
    store.keep_attempt("form-1", "one")

    answers = at_once(lambda _: store.attempt("form-1"))
    store.close()

    assert answers == ["one"] * THREADS


def test_two_stores_in_memory_share_nothing():
    first, second = Store("sqlite://"), Store("sqlite://")

    first.keep_attempt("form-1", "one")

    assert second.attempt("form-1") is None
    first.close()
    second.close()


def test_what_is_in_the_file_outlives_a_restart(tmp_path):
    url = URL.create("sqlite", database=str(tmp_path / "kept.sqlite3"))
    first = Store(url)
    first.keep_name(connector(), "Sales")
    first.keep_attempt("form-1", "one")
    first.use_state("nonce")
    first.close()

    second = Store(url)

    assert second.names() == {("one", "sales.sales"): "Sales"}
    assert second.attempt("form-1") == "one"
    assert not second.use_state("nonce")
    second.close()


def test_two_processes_on_one_file_use_a_state_once(tmp_path):
    url = f"sqlite:///{tmp_path / 'kept.sqlite3'}"
    open_stores = [Store(url) for _ in range(THREADS)]

    answers = at_once(lambda number: open_stores[number].use_state("nonce"))
    for opened in open_stores:
        opened.close()

    assert sorted(answers) == [False] * 7 + [True]


def test_used_states_go_when_their_slips_have_long_expired(store, monkeypatch):
    store.use_state("old")
    later = datetime.now(UTC) + USED_STATES_KEPT + timedelta(seconds=1)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return later

    monkeypatch.setattr(stores, "datetime", Later)
    store.use_state("new")

    assert store.use_state("old")
    assert not store.use_state("new")
