"""The database's clock, by which processes on several machines compare times."""

import threading
from collections.abc import Callable
from contextlib import suppress

from pbf.clock import READ_EVERY, elapsed, machine_clock
from pbf.errors import StoreFailed


class DatabaseClock:
    """The time of the database, in seconds since 1970.

    It is read now and then, and goes on by this process's monotonic clock in between. While the
    database fails, the last measurement counts, and before the first one this machine's clock.
    Only the first measurement is waited for.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        """Read the time by a query; it may raise StoreFailed."""
        self._read = read
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._measured_at = float("-inf")
        self._is_closed = False

    def close(self) -> None:
        """Read no more, and wait for a reading under way, which uses a connection."""
        with self._lock:
            self._is_closed = True

    def __call__(self) -> float:
        """Return the time."""
        return self.measured()

    def measured(self) -> float:
        """Return the time by the last measurement."""
        if self._is_old():
            if self._offset is None:
                self._measure()
            elif not self._lock.locked():
                threading.Thread(target=self._measure, name="read clock", daemon=True).start()
        offset = self._offset
        return machine_clock() if offset is None else elapsed() + offset

    def _is_old(self) -> bool:
        return not self._is_closed and elapsed() - self._measured_at > READ_EVERY

    def _measure(self) -> None:
        with self._lock:
            if not self._is_old():
                return  # measured by another thread meanwhile
            with suppress(StoreFailed):
                # By now the answer is old by a part of the query's duration, so this clock is slow.
                self._offset = self._read() - elapsed()
            self._measured_at = elapsed()
