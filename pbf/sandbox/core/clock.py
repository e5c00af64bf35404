"""The sandbox's clock: it runs at any speed, stops at speed 0, and only moves forward."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

LAST = datetime(3000, 1, 1, tzinfo=UTC).timestamp()
FASTEST = 1_000_000.0


def real_time() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def stamp(seconds: float) -> str:
    """Return an epoch time in Fivetran's format: ISO 8601, microseconds, `Z`."""
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


class Clock:
    """A clock that can be sped up and moved forward, the source of every time in the sandbox.

    Moving it back, or past the year 3000, raises ValueError.
    """

    def __init__(self, base: Callable[[], datetime] | None = None, *, speed: float = 1.0) -> None:
        """Start from a base, by default real time."""
        self._base = base or real_time
        self._speed = speed
        self._lock = Lock()
        self._since = self._now = self._base().timestamp()

    def __call__(self) -> float:
        """Return the present time, in seconds since 1970."""
        with self._lock:
            return self._read()

    def _read(self) -> float:
        return self._now + (self._base().timestamp() - self._since) * self._speed

    @property
    def speed(self) -> float:
        """The seconds that pass in one second of the base; 0 while the clock is stopped."""
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

    def saved(self) -> tuple[float, float]:
        """Return the time and the speed, for `restore`."""
        with self._lock:
            return self._read(), self._speed

    def restore(self, saved: tuple[float, float]) -> None:
        """Go on from a time at a speed."""
        with self._lock:
            self._now, self._speed = saved
            self._since = self._base().timestamp()

    def restart(self, seconds: float) -> None:
        """Start again at any time, also an earlier one: for a world that starts again, too."""
        if not 0 <= seconds <= LAST:
            raise ValueError("the sandbox's clock starts between 1970 and the year 3000")
        with self._lock:
            self._now, self._since = seconds, self._base().timestamp()
