"""Limits on requests to Fivetran, for one client and for all together, and on creations.

Tenants share the limit for all: once most of it is used, those that have used more than an equal
share of it are refused, and what is left is for the others.

Requests of the shared cache are not counted: its lifetimes bound them. Processes that share Redis
count together; while Redis does not answer, each counts by itself.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping

from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from pbf.connectors.access.caller import caller
from pbf.errors import TooManyRequests

# For each key that is counted: the limit, and the message for clients that exceed it.
Limits = Mapping[str, tuple[RateLimitItem | None, str]]

# The key under which the requests of all are counted.
EVERYBODY = "everybody"
# From this part of the limit for all on, tenants over their share are refused.
SHARED_FROM = 0.75
# How many tenants are counted at most.
MOST_TENANTS = 100_000

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
        tenants: Callable[[], int] = lambda: 1,
    ) -> None:
        """Count in memory, or in Redis where a URL is given.

        `tenants` returns how many tenants there are now; one alone may use the limit for all.
        """
        self._requests = _parsed(requests)
        self._all_requests = _parsed(all_requests)
        self._creations = _parsed(creations)
        self._trusted_proxies = trusted_proxies
        self._tenants = tenants
        self._memory = MovingWindowRateLimiter(MemoryStorage())
        self._redis = _redis_limiter(redis_url, redis_prefix) if redis_url else None
        self._redis_retry_at = 0.0

    def admit_request(self, tenant_id: str = "") -> None:
        """Count a request of a tenant to Fivetran; raise TooManyRequests if it exceeds a limit."""
        limits = {EVERYBODY: (self._all_requests, "Too many requests from all users together.")}
        if client := self._client():
            limits[f"requests {client}"] = (self._requests, "Too many requests from your network.")
        if tenant_id and self._all_requests and self._tenants() > 1:
            share = TenantShare(self._all_requests, tenant_id)
            self._attempt(lambda limiter: share.count(limiter, limits))
        else:
            self._attempt(lambda limiter: _count(limiter, limits))

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
            self._attempt(lambda limiter: _count(limiter, limits))

    @property
    def for_all(self) -> str:
        """The limit for all tenants together, such as "6000 per 1 hour"; empty if there is none."""
        return str(self._all_requests or "")

    def used(self, tenant_ids: Iterable[str]) -> dict[str, int]:
        """Return how many requests tenants have used of the limit for all, by their ids.

        The dict is empty where that cannot be told at little cost: without such a limit, with one
        tenant, and for processes that count together.
        """
        limit = self._all_requests
        if limit is None or self._redis or self._tenants() < 2:
            return {}
        return {id_: TenantShare(limit, id_).used(self._memory) for id_ in tenant_ids}

    def _client(self) -> str:
        client = caller().client
        return client.address(trusted_proxies=self._trusted_proxies) if client else ""

    def _attempt(self, count: Callable[[MovingWindowRateLimiter], None]) -> None:
        if self._redis and time.monotonic() >= self._redis_retry_at:
            try:
                return count(self._redis)
            except StorageError:
                self._redis_retry_at = time.monotonic() + REDIS_PAUSE
        return count(self._memory)


class TenantShare:
    """One tenant's share of the limit for all: an equal part among the tenants of its window."""

    def __init__(self, limit: RateLimitItem, tenant_id: str) -> None:
        """Share a limit, such as 6,000 requests per hour, with other tenants."""
        self._limit = limit
        self._key = f"requests of tenant {tenant_id}"
        self._presence = f"presence of tenant {tenant_id}"

    def count(self, limiter: MovingWindowRateLimiter, limits: Limits) -> None:
        """Count a request of the tenant in all limits, or raise TooManyRequests."""
        if _used(limiter, self._limit, EVERYBODY) >= SHARED_FROM * self._limit.amount:
            self._check(limiter)
        _count(limiter, limits)
        limiter.hit(self._limit, self._key)
        # A tenant is present for one window from its first request; then it is counted again.
        if limiter.hit(self._with_amount(1), self._presence):
            limiter.hit(self._with_amount(MOST_TENANTS), "present tenants")

    def used(self, limiter: MovingWindowRateLimiter) -> int:
        """Return how many requests the tenant has used in the last window."""
        return _used(limiter, self._limit, self._key)

    def _check(self, limiter: MovingWindowRateLimiter) -> None:
        """Raise TooManyRequests if the tenant has used its share or more."""
        used = self.used(limiter)
        present = _used(limiter, self._with_amount(MOST_TENANTS), "present tenants")
        # A tenant that is alone now leaves the other half to whoever comes next.
        if used * max(present, 2) >= self._limit.amount:
            raise TooManyRequests(
                "Your organization has used its share of the requests to Fivetran, and few are "
                "left for the others.",
                retry_after=_wait(limiter, self._limit, self._key),
            )

    def _with_amount(self, amount: int) -> RateLimitItem:
        return type(self._limit)(amount, self._limit.multiples)


def _count(limiter: MovingWindowRateLimiter, limits: Limits) -> None:
    # Test all before counting any: a refused client uses up nothing of the others' limit, and one
    # that the common limit refuses takes no memory.
    for key, (limit, message) in limits.items():
        if limit and not limiter.test(limit, key):
            raise TooManyRequests(message, retry_after=_wait(limiter, limit, key))
    for key, (limit, _) in limits.items():
        if limit:
            limiter.hit(limit, key)


def _used(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> int:
    return limit.amount - limiter.get_window_stats(limit, key).remaining


def _wait(limiter: MovingWindowRateLimiter, limit: RateLimitItem, key: str) -> int:
    """Return the seconds until the oldest request of a key leaves its window, at least 1."""
    return max(1, math.ceil(limiter.get_window_stats(limit, key).reset_time - time.time()))


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
