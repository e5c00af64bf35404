"""Leases: by the database's clock, and renewed while somebody works."""

import threading
import time

import pytest

from pbf.clock import current_time
from pbf.errors import StoreFailed
from pbf.store import leases
from pbf.store.engines.clock import DatabaseClock
from pbf.store.leases import LEASE
from pbf.store.store import Store
from tests.support.servers import PATIENCE
from tests.support.stores import deletion


@pytest.mark.parametrize("skew", [600.0, -600.0], ids=["ahead", "behind"])
def test_a_process_whose_clock_is_wrong_breaks_no_lease_and_leaves_none_that_lasts(
    postgres_database, monkeypatch, skew
):
    monkeypatch.setattr(DatabaseClock, "__call__", DatabaseClock.measured)
    right, wrong = Store(postgres_database), Store(postgres_database)
    real = time.time
    right.deletions.add(deletion(), LEASE)
    held = right.deletions.find("g", "one")

    monkeypatch.setattr("time.time", lambda: real() + skew)
    assert current_time() == pytest.approx(real(), abs=2)
    assert not wrong.deletions.claim(wrong.deletions.find("g", "one"))
    right.deletions.release(held)
    row = wrong.deletions.find("g", "one")
    assert wrong.deletions.claim(row)

    assert 0 < row.lease_until - real() <= LEASE + 1
    right.close()
    wrong.close()


class AtOnce:
    """A thread that ends before it is started."""

    def __init__(self, *, target, name, daemon):
        self.start = target


def test_the_clock_goes_on_while_the_database_fails(monkeypatch):
    answers: list[float] = [1_000_000.0]
    monotonic = [50.0]
    monkeypatch.setattr("pbf.store.engines.clock.elapsed", lambda: monotonic[0])

    def read() -> float:
        if not answers:
            raise StoreFailed("down")
        return answers.pop()

    monkeypatch.setattr(threading, "Thread", AtOnce)
    clock = DatabaseClock(read)
    first = DatabaseClock.measured(clock)
    monotonic[0] += 60
    second = DatabaseClock.measured(clock)
    answers.append(1_000_100.0)
    monotonic[0] += 60
    third = DatabaseClock.measured(clock)

    assert (first, second, third) == (1_000_000.0, 1_000_060.0, 1_000_100.0)


def test_the_lease_of_a_row_is_renewed_while_somebody_works_on_it(store, later, monkeypatch):
    monkeypatch.setattr(leases, "RENEW_EVERY", 0.001)
    row = deletion()
    store.deletions.add(row, LEASE)
    before = row.lease_until
    later(LEASE - 1)

    end = time.monotonic() + PATIENCE
    with store.deletions.kept(row):
        while store.deletions.find("g", "one").lease_until == before:
            assert time.monotonic() < end
        assert store.deletions.is_held(store.deletions.find("g", "one"))
        assert store.deletions.write(row, paused_at=1.0)

    assert store.deletions.find("g", "one").paused_at == 1.0
