"""The services of Fivetran's catalogue, and those of them that a policy allows."""

import logging
import threading
from dataclasses import replace

from pbf.cache.entries import CachedList, PartialList, keep_newest
from pbf.cache.shared import SharedCache
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Service
from pbf.rules.access.findings import unknown_names
from pbf.rules.access.policy import Policy
from pbf.show_api.exchanges import carrying

SERVICES = "services"
SERVICES_LIFETIME = 3600.0
# How many policies' services are kept: a session can be for some services alone, so a tenant may
# have several at once.
MOST_POLICIES = 8
# How many names that are in a policy and not in the catalogue are each logged once.
MOST_LOGGED = 1000

logger = logging.getLogger("pbf")


class Catalogue:
    """The catalogue, as one tenant may see it."""

    def __init__(self, client: ApiClient, cache: SharedCache) -> None:
        """Read through a client and a cache that all tenants share."""
        self._client = client
        self._cache = cache
        # By the digest of a policy: the catalogue, and what the policy allows of it.
        self._allowed: dict[str, tuple[CachedList[Service], CachedList[Service]]] = {}
        self._allowed_lock = threading.Lock()
        self._logged: dict[str, None] = {}

    @property
    def is_available(self) -> bool:
        """Whether the catalogue is cached."""
        return self._cache.is_available(SERVICES)

    def all(self) -> CachedList[Service]:
        """Return every service."""
        return self._cache.get(
            SERVICES,
            carrying(lambda: PartialList(self._client.get_metadata())),
            lifetime=lambda _: SERVICES_LIFETIME,
        )

    def allowed_by(self, policy: Policy) -> CachedList[Service]:
        """Return the services that a policy allows; its revision changes with the policy too."""
        return self._allowed_of(self.all(), policy)

    def last(self) -> CachedList[Service] | None:
        """Return every service as this process read them last; Fivetran is not asked."""
        return self._cache.peek(SERVICES)

    def last_allowed_by(self, policy: Policy) -> CachedList[Service] | None:
        """Return those that a policy allows of the services that this process read last."""
        catalogue = self.last()
        return self._allowed_of(catalogue, policy) if catalogue else None

    def _allowed_of(self, catalogue: CachedList[Service], policy: Policy) -> CachedList[Service]:
        if not policy.digest:
            return catalogue
        source, allowed = self._allowed.get(policy.digest, (None, None))
        if source is catalogue and allowed:
            return allowed
        if source and allowed and source.items is catalogue.items:
            items = allowed.items
        else:
            items = tuple(item for item in catalogue.items if policy.services.decide(item).allowed)
            self._log_unknown(policy, catalogue.items)
        allowed = replace(catalogue, items=items, revision=f"{catalogue.revision}-{policy.digest}")
        with self._allowed_lock:
            keep_newest(self._allowed, policy.digest, (catalogue, allowed), MOST_POLICIES)
        return allowed

    def metadata(self, service_id: str) -> Service:
        """Return a service's own metadata, which has more fields than the catalogue.

        Raises an ApiError if it cannot be read.
        """
        cached = self._cache.get(
            f"service:{service_id}",
            carrying(lambda: [self._client.get_service(service_id)]),
            lifetime=lambda _: SERVICES_LIFETIME,
        )
        return cached.items[0]

    def _log_unknown(self, policy: Policy, services: tuple[Service, ...]) -> None:
        """Log each name in the policy that the catalogue does not have, once."""
        for finding in map(str, unknown_names(policy, services) if services else ()):
            if finding not in self._logged:
                keep_newest(self._logged, finding, None, MOST_LOGGED)
                logger.warning("%s", finding)
