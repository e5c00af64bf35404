"""The sandbox's clock: it goes at any speed, stands still at none, and only moves forward."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

LAST = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
FASTEST = 1_000_000.0


def real_time() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def stamp(seconds: float) -> str:
    """Return an epoch time as Fivetran writes it: ISO 8601, microseconds, `Z`."""
    whole = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return whole.isoformat(timespec="microseconds") + "Z"


class Clock:
    """A clock that can be sped up and moved forward; everything that has a time asks it.

    What would move it back, or past the year 3000, raises ValueError.
    """

    def __init__(self, base: Callable[[], datetime] | None = None, *, speed: float = 1.0) -> None:
        """Start from a base, real time unless another is given."""
        self._base = base or real_time
        self._speed = speed
        self._lock = Lock()
        self._since = self._now = self._base().timestamp()

    def __call__(self) -> float:
        """Return the time now, in seconds since 1970."""
        with self._lock:
            return self._read()

    def _read(self) -> float:
        return self._now + (self._base().timestamp() - self._since) * self._speed

    @property
    def speed(self) -> float:
        """How many seconds pass in one second of the base; 0 while the clock stands still."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        if not 0 <= speed <= FASTEST:
            raise ValueError(f"the speed of the sandbox's clock is 0 to {FASTEST:g}")
        with self._lock:
            base = self._base().timestamp()
            self._now += (base - self._since) * self._speed
            self._since, self._speed = base, speed

    def advance(self, seconds: float) -> None:
        """Move the clock forward by so many seconds."""
        with self._lock:
            self._move(seconds)

    def set(self, seconds: float) -> None:
        """Move the clock forward to a time, in seconds since 1970."""
        with self._lock:
            self._move(seconds - self._read())

    def _move(self, seconds: float) -> None:
        if not 0 <= seconds <= LAST - self._read():
            raise ValueError("the sandbox's clock only moves forward, to the year 3000 at most")
        self._now += seconds

    def begin(self, seconds: float) -> None:
        """Begin anew at any time, earlier ones included: for a world that begins anew, too."""
        if not 0 <= seconds <= LAST:
            raise ValueError("the sandbox's clock begins between 1970 and the year 3000")
        with self._lock:
            self._now, self._since = seconds, self._base().timestamp()
