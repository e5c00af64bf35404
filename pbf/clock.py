"""One clock for all processes, which a jump of a machine's wall clock does not move.

`current_time` is the time of the database that this process has open, so that processes on several
machines compare times of one clock. SQLite has no clock of its own; its time is this machine's. In
both cases the time goes on by the monotonic clock. The machine's wall clock is read at the start,
and later only followed while it changes by no more than SKEW; Fivetran's time corrects the rest.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime

# In seconds: by how much two clocks may differ, and how often another clock is read.
SKEW = 10.0
READ_EVERY = 10.0

# The monotonic clock; on Linux `time.monotonic` stands still while the machine sleeps.
if hasattr(time, "CLOCK_BOOTTIME"):

    def elapsed() -> float:
        """Return monotonic seconds, those in which the machine slept included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

else:

    def elapsed() -> float:
        """Return monotonic seconds."""
        return time.monotonic()


class MachineClock:
    """The time of this machine, in seconds since 1970; its wall clock may jump."""

    def __init__(self) -> None:
        """Trust the wall clock as it is now."""
        self._read_at = elapsed()
        self._offset = time.time() - self._read_at

    def __call__(self) -> float:
        """Return the time."""
        return self.measured()

    def measured(self) -> float:
        """Return the time; follow the wall clock, but not where it jumps."""
        moment = elapsed()
        if moment - self._read_at > READ_EVERY:
            self._read_at = moment
            offset = time.time() - moment
            if abs(offset - self._offset) <= SKEW:
                self._offset = offset
        return moment + self._offset

    def correct(self, date: float) -> None:
        """Set the time to one that is right, if it differs by more than SKEW."""
        difference = date - self.measured()
        if abs(difference) > SKEW:
            self._offset += difference


machine_clock = MachineClock()
_shared: Callable[[], float] = machine_clock


def current_time() -> float:
    """Return the time that all processes share, in seconds since 1970."""
    return _shared()


def utc_now() -> datetime:
    """Return the time that all processes share."""
    return datetime.fromtimestamp(_shared(), UTC)


def share(clock: Callable[[], float]) -> None:
    """Have this process use the clock of its database."""
    global _shared
    _shared = clock


def stop_sharing(clock: Callable[[], float]) -> None:
    """Use this machine's clock again, unless another database was opened since."""
    global _shared
    if _shared is clock:
        _shared = machine_clock
