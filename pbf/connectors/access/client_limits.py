"""Limits on requests to Fivetran, for one client and for all together, and on creations.

Tenants share the limit for all: once most of it is used, those that have used more than an equal
share of it are refused, and what is left is for the others.

Requests of the shared cache are not counted: its lifetimes bound them.
"""

from collections.abc import Callable, Iterable

from limits import RateLimitItem
from limits.strategies import MovingWindowRateLimiter

from pbf.connectors.access.caller import caller
from pbf.connectors.access.limiter import Limiter, Limits, amount_used, count_all, parsed, wait
from pbf.errors import TooManyRequests

# The key under which the requests of all are counted.
EVERYBODY = "everybody"
# From this part of the limit for all on, tenants over their share are refused.
SHARED_FROM = 0.75
# How many tenants are counted at most.
MOST_TENANTS = 100_000


class ClientLimits:
    """The limits of one account, such as "600 per hour"; an empty text is no limit."""

    def __init__(
        self,
        limiter: Limiter,
        *,
        requests: str,
        all_requests: str,
        creations: str,
        trusted_proxies: int = 0,
        tenants: Callable[[], int] = lambda: 1,
    ) -> None:
        """Count with a limiter.

        `tenants` returns how many tenants there are now; one alone may use the limit for all.
        """
        self._limiter = limiter
        self._requests = parsed(requests)
        self._all_requests = parsed(all_requests)
        self._creations = parsed(creations)
        self._trusted_proxies = trusted_proxies
        self._tenants = tenants

    def admit_request(self, tenant_id: str = "") -> None:
        """Count a request of a tenant to Fivetran; raise TooManyRequests if it exceeds a limit."""
        limits = {EVERYBODY: (self._all_requests, "Too many requests from all users together.")}
        if client := self._client():
            limits[f"requests {client}"] = (self._requests, "Too many requests from your network.")
        if tenant_id and self._all_requests and self._tenants() > 1:
            share = TenantShare(self._all_requests, tenant_id)
            self._limiter.attempt(lambda limiter: share.count(limiter, limits))
        else:
            self._limiter.attempt(lambda limiter: count_all(limiter, limits))

    def admit_creation(self, tenant_id: str = "", tenant_limit: str = "") -> None:
        """Count a connector to create; raise TooManyRequests if it exceeds a limit.

        The limits are the client's, and the one of the tenant's policy, such as "20 per hour".
        Background work is not counted.
        """
        if client := self._client():
            message = "Too many new connectors from your network."
            limits = {f"creations {client}": (self._creations, message)}
            message = f"The policy allows {tenant_limit.replace(' per ', ' new connectors per ')}."
            limits[f"creations of tenant {tenant_id}"] = (parsed(tenant_limit), message)
            self._limiter.attempt(lambda limiter: count_all(limiter, limits))

    @property
    def for_all(self) -> str:
        """The limit for all tenants together, such as "6000 per 1 hour"; empty if there is none."""
        return str(self._all_requests or "")

    def used(self, tenant_ids: Iterable[str]) -> dict[str, int]:
        """Return how many requests tenants have used of the limit for all, by their ids.

        The dict is empty where that is not known at little cost: without such a limit, with one
        tenant, and for processes that count together.
        """
        limit, limiter = self._all_requests, self._limiter.own
        if limit is None or limiter is None or self._tenants() < 2:
            return {}
        return {id_: TenantShare(limit, id_).used(limiter) for id_ in tenant_ids}

    def _client(self) -> str:
        client = caller().client
        return client.address(trusted_proxies=self._trusted_proxies) if client else ""


class TenantShare:
    """One tenant's share of the limit for all: an equal part among the tenants of its window."""

    def __init__(self, limit: RateLimitItem, tenant_id: str) -> None:
        """Share a limit, such as 6,000 requests per hour, with other tenants."""
        self._limit = limit
        self._key = f"requests of tenant {tenant_id}"
        self._presence = f"presence of tenant {tenant_id}"

    def count(self, limiter: MovingWindowRateLimiter, limits: Limits) -> None:
        """Count a request of the tenant in all limits, or raise TooManyRequests."""
        if amount_used(limiter, self._limit, EVERYBODY) >= SHARED_FROM * self._limit.amount:
            self._check(limiter)
        count_all(limiter, limits)
        limiter.hit(self._limit, self._key)
        # A tenant is present for one window from its first request; then it is counted again.
        if limiter.hit(self._with_amount(1), self._presence):
            limiter.hit(self._with_amount(MOST_TENANTS), "present tenants")

    def used(self, limiter: MovingWindowRateLimiter) -> int:
        """Return how many requests the tenant has used in the last window."""
        return amount_used(limiter, self._limit, self._key)

    def _check(self, limiter: MovingWindowRateLimiter) -> None:
        """Raise TooManyRequests if the tenant has used its share or more."""
        used = self.used(limiter)
        present = amount_used(limiter, self._with_amount(MOST_TENANTS), "present tenants")
        # A tenant that is alone now may use half of it; the rest is for one that comes later.
        if used * max(present, 2) >= self._limit.amount:
            raise TooManyRequests(
                "Your organization has used its share of the requests to Fivetran, and few are "
                "left for the others.",
                retry_after=wait(limiter, self._limit, self._key),
            )

    def _with_amount(self, amount: int) -> RateLimitItem:
        return type(self._limit)(amount, self._limit.multiples)
