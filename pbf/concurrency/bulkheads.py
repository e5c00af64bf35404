"""Bulkheads: of a pool of threads, fewer than half may wait for the same dependency.

Threads outside a pool, such as those of pages and jobs, are not counted: they hold up nobody else.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from pbf.metrics.instruments import count_refusal

# Some callers at once are no outage: for so many seconds since a place was last taken or freed, a
# thread waits for the next one.
PATIENCE = 0.5


class Dependency(StrEnum):
    """What threads wait for."""

    STORE = "store"
    FIVETRAN = "fivetran"


class Bulkhead:
    """The places of one pool for one dependency."""

    def __init__(self, places: int) -> None:
        """Let so many threads wait at once."""
        self._free = threading.Semaphore(places)
        self._moved_at = 0.0

    def enter(self) -> bool:
        """Take a place; False if there is none, and none was taken or freed lately."""
        patience = self._moved_at + PATIENCE - time.monotonic()
        if not self._free.acquire(timeout=max(0.0, patience)):
            return False
        self._moved_at = time.monotonic()
        return True

    def leave(self) -> None:
        """Free a place."""
        self._moved_at = time.monotonic()
        self._free.release()


class PoolThreads:
    """The threads of a pool; with both dependencies away, two of ten are still free."""

    def __init__(self, threads: int) -> None:
        """Limit a pool of so many threads."""
        places = max(1, (threads - 1) // 2)
        self.bulkheads = {dependency: Bulkhead(places) for dependency in Dependency}

    def add_current(self) -> None:
        """Count the current thread as one of the pool, from now on."""
        _thread.pool = self


class _Thread(threading.local):
    pool: PoolThreads | None = None

    def __init__(self) -> None:
        self.places: set[Dependency] = set()


_thread = _Thread()


@contextmanager
def waiting_for(dependency: Dependency, refusal: Callable[[], Exception]) -> Iterator[None]:
    """Hold a place while the block waits for a dependency; raise the refusal if there is none."""
    if _thread.pool is None or dependency in _thread.places:
        yield
        return
    bulkhead = _thread.pool.bulkheads[dependency]
    if not bulkhead.enter():
        count_refusal(dependency)
        raise refusal()
    _thread.places.add(dependency)
    try:
        yield
    finally:
        _thread.places.discard(dependency)
        bulkhead.leave()
