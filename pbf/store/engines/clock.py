"""The database's clock, by which processes on several machines compare times."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from pbf.errors import StoreFailed

# In seconds: how long a measurement of the database's clock counts.
MEASURED_FOR = 10.0


class DatabaseClock:
    """The time of the database, in seconds since 1970.

    It is read now and then, and goes on by this process's monotonic clock in between. While the
    database fails, the last measurement counts, and before the first one this machine's clock.
    """

    def __init__(self, read: Callable[[], float]) -> None:
        """Read the time by a query; it may raise StoreFailed."""
        self._read = read
        self._lock = threading.Lock()
        self._offset: float | None = None
        self._measured_at = float("-inf")

    def __call__(self) -> float:
        """Return the time."""
        return self.measured()

    def measured(self) -> float:
        """Return the time by the last measurement."""
        is_old = time.monotonic() - self._measured_at > MEASURED_FOR
        # Of several threads one asks; the others wait for the first answer only.
        if is_old and self._lock.acquire(blocking=self._offset is None):
            try:
                self._measure()
            finally:
                self._lock.release()
        offset = self._offset
        return time.time() if offset is None else time.monotonic() + offset

    def _measure(self) -> None:
        if time.monotonic() - self._measured_at <= MEASURED_FOR:
            return  # by another thread meanwhile
        with suppress(StoreFailed):
            # By now the answer is old by a part of the query's duration, so this clock is slow.
            self._offset = self._read() - time.monotonic()
        self._measured_at = time.monotonic()
