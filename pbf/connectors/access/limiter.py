"""Counting in moving windows, in memory or in Redis.

Processes that share Redis count together; while Redis does not answer, each counts by itself.
"""

import math
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, memory, redis, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from pbf.clock import current_time
from pbf.errors import TooManyRequests

# For each key that is counted: the limit, and the message for clients that exceed it.
Limits = Mapping[str, tuple[RateLimitItem | None, str]]

REDIS_TIMEOUT = 1.0
# After a failure Redis is not tried for so many seconds.
REDIS_PAUSE = 30.0

# The library (5.8) reads this machine's clock, so processes whose clocks differ would not count the
# same window, and a clock that is set back would prolong all windows.
for _storage in (memory, redis):
    vars(_storage)["time"] = SimpleNamespace(time=current_time)


class Limiter:
    """Counts where it is possible: in Redis, or else in memory."""

    def __init__(self, *, redis_url: str | None = None, redis_prefix: str = "pbf:limits") -> None:
        """Count in memory, or in Redis where a URL is given."""
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._redis = _redis_limiter(redis_url, redis_prefix) if redis_url else None
        self._redis_retry_at = 0.0

    @property
    def own(self) -> MovingWindowRateLimiter | None:
        """Where this process counts by itself; None if several count together."""
        return None if self._redis else self._memory

    def attempt(self, count: Callable[[MovingWindowRateLimiter], None]) -> None:
        """Call `count` with where to count now; what it raises passes through."""
        if self._redis and time.monotonic() >= self._redis_retry_at:
            try:
                return count(self._redis)
            except StorageError:
                self._redis_retry_at = time.monotonic() + REDIS_PAUSE
        return count(self._memory)


def count_all(limiter: MovingWindowRateLimiter, limits: Limits) -> None:
    """Count once in each limit, or raise TooManyRequests if one of them is exceeded."""
    # Test all before counting any: a refused client uses up nothing of the others' limit, and one
    # that the common limit refuses takes no memory.
    check_all(limiter, limits)
    for key, (limit, _) in limits.items():
        if limit:
            limiter.hit(limit, key)


def check_all(limiter: MovingWindowRateLimiter, limits: Limits) -> None:
    """Raise TooManyRequests if one of the limits is used up; count nothing."""
    for key, (limit, message) in limits.items():
        if limit and not limiter.test(limit, key):
            raise TooManyRequests(message, retry_after=wait(limiter, limit, key))


def amount_used(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> int:
    """Return how much of a limit is used."""
    return limit.amount - limiter.get_window_stats(limit, key).remaining


def wait(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> int:
    """Return the seconds until the oldest request of a key leaves its window, at least 1."""
    return max(1, math.ceil(limiter.get_window_stats(limit, key).reset_time - current_time()))


def parsed(limit: str) -> RateLimitItem | None:
    """Return a limit such as "600 per hour"; None for an empty text."""
    return parse(limit) if limit else None


def _redis_limiter(url: str, prefix: str) -> MovingWindowRateLimiter | None:
    """Return a limiter in Redis; None for an invalid URL, which pages and routes report."""
    # The library has its own scheme for a Redis behind a Unix socket.
    url = url.replace("unix://", "redis+unix://", 1)
    options = {"socket_timeout": REDIS_TIMEOUT, "socket_connect_timeout": REDIS_TIMEOUT}
    try:
        storage = storage_from_string(url, wrap_exceptions=True, key_prefix=prefix, **options)
    except (ValueError, ImportError, ConfigurationError):
        return None
    return MovingWindowRateLimiter(storage)
