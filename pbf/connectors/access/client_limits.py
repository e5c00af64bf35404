"""Limits on requests to Fivetran, for one client and for all together, and on creations.

Requests of the shared cache are not counted: its lifetimes bound them. Processes that share Redis
count together; while Redis does not answer, each counts by itself.
"""

import math
import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from pbf.connectors.access.caller import caller
from pbf.errors import TooManyRequests

# For each key that is counted: the limit, and the message for clients that exceed it.
Limits = Mapping[str, tuple[RateLimitItem | None, str]]

REDIS_TIMEOUT = 1.0
# After a failure Redis is not tried for so many seconds.
REDIS_PAUSE = 30.0


class ClientLimits:
    """The limits of one account, such as "600 per hour"; an empty text is no limit."""

    def __init__(
        self,
        *,
        requests: str,
        all_requests: str,
        creations: str,
        trusted_proxies: int = 0,
        redis_url: str | None = None,
        redis_prefix: str = "pbf:limits",
    ) -> None:
        """Count in memory, or in Redis where a URL is given."""
        self._requests = _parsed(requests)
        self._all_requests = _parsed(all_requests)
        self._creations = _parsed(creations)
        self._trusted_proxies = trusted_proxies
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._redis = _redis_limiter(redis_url, redis_prefix) if redis_url else None
        self._redis_retry_at = 0.0

    def admit_request(self) -> None:
        """Count a request to Fivetran; raise TooManyRequests if it exceeds a limit."""
        limits = {"everybody": (self._all_requests, "Too many requests from all users together.")}
        if client := self._client():
            limits[f"requests {client}"] = (self._requests, "Too many requests from your network.")
        self._admit(limits)

    def admit_creation(self, tenant_id: str = "", tenant_limit: str = "") -> None:
        """Count a connector to create; raise TooManyRequests if it exceeds a limit.

        The limits are the client's, and the one of the tenant's policy, such as "20 per hour".
        Background work is not counted.
        """
        if client := self._client():
            message = "Too many new connectors from your network."
            limits = {f"creations {client}": (self._creations, message)}
            message = f"The policy allows {tenant_limit.replace(' per ', ' new connectors per ')}."
            limits[f"creations of tenant {tenant_id}"] = (_parsed(tenant_limit), message)
            self._admit(limits)

    def _client(self) -> str:
        client = caller().client
        return client.address(trusted_proxies=self._trusted_proxies) if client else ""

    def _admit(self, limits: Limits) -> None:
        if self._redis and time.monotonic() >= self._redis_retry_at:
            try:
                return _count(self._redis, limits)
            except StorageError:
                self._redis_retry_at = time.monotonic() + REDIS_PAUSE
        return _count(self._memory, limits)


def _count(limiter: MovingWindowRateLimiter, limits: Limits) -> None:
    # Test all before counting any: a refused client uses up nothing of the others' limit, and one
    # that the common limit refuses takes no memory.
    for key, (limit, message) in limits.items():
        if limit and not limiter.test(limit, key):
            wait = limiter.get_window_stats(limit, key).reset_time - time.time()
            raise TooManyRequests(message, retry_after=max(1, math.ceil(wait)))
    for key, (limit, _) in limits.items():
        if limit:
            limiter.hit(limit, key)


def _parsed(limit: str) -> RateLimitItem | None:
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
