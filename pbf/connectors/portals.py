"""The portals of all tenants, each made when it is first asked for."""

import threading
from collections.abc import Callable, Iterator

from pbf.connectors.portal import Portal, Tenant
from pbf.errors import UnknownTenant


class Portals:
    """One portal for each tenant; all of them share the client, the cache and the store."""

    def __init__(
        self,
        find: Callable[[str], Tenant | None],
        ids: Callable[[], tuple[str, ...]],
        build: Callable[[Tenant], Portal],
    ) -> None:
        """Find tenants by their ids, list all ids, and build the portal of a tenant."""
        self._find = find
        self._ids = ids
        self._build = build
        self._lock = threading.Lock()
        self._portals: dict[str, Portal] = {}

    def of(self, tenant_id: str) -> Portal:
        """Return the portal of a tenant, as its name and group are now.

        Raises UnknownTenant if there is no such tenant, or no longer.
        """
        tenant = self._find(tenant_id)
        if tenant is None:
            raise UnknownTenant("There is no such tenant. It may have been removed.")
        portal = self._portals.get(tenant_id)
        if portal and portal.tenant == tenant:
            return portal
        with self._lock:
            portal = self._portals.get(tenant_id)
            if portal is None:
                self._drop_removed()
            if portal is None or portal.tenant != tenant:
                portal = self._portals[tenant_id] = self._build(tenant)
        return portal

    def forget(self) -> None:
        """Build the portals anew, without what they remember of their connectors."""
        with self._lock:
            self._portals.clear()

    def all(self) -> Iterator[Portal]:
        """Yield the portal of every tenant."""
        for tenant_id in self._ids():
            yield self.of(tenant_id)

    def _drop_removed(self) -> None:
        """Keep no more portals than there are tenants; a request that uses one goes on."""
        for tenant_id in self._portals.keys() - self._ids():
            del self._portals[tenant_id]
