"""Draining: no new writes, and those under way come to their end."""

import threading
from collections.abc import Iterator

import pytest

from pbf import draining
from pbf.errors import ShuttingDown
from tests.support.servers import PATIENCE


@pytest.fixture(autouse=True)
def after() -> Iterator[None]:
    yield
    draining.cancel()


def test_a_process_that_drains_starts_no_write():
    draining.begin()

    with pytest.raises(ShuttingDown), draining.write():
        pass
    assert draining.is_draining()


def test_a_write_under_way_goes_on_and_is_waited_for():
    begun, may_end = threading.Event(), threading.Event()

    def write() -> None:
        with draining.write():
            begun.set()
            may_end.wait(PATIENCE)
            with draining.write():  # a part of it
                pass

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(PATIENCE)

    draining.begin()

    assert not draining.wait(0)
    may_end.set()
    assert draining.wait(PATIENCE)
    thread.join()
