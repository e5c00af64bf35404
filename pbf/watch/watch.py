"""What watches over the connectors of all tenants, put together once for a process."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from pbf.connectors.portal import Portal
from pbf.connectors.portals import Portals
from pbf.errors import UnknownTenant
from pbf.fivetran.models import RateLimit
from pbf.store.store import Store
from pbf.timeline.timeline import Timeline
from pbf.watch.collaborators import Notifier
from pbf.watch.incident_job import Judge
from pbf.watch.incidents import Incidents
from pbf.watch.promises import Promises
from pbf.watch.status_page import Status, StatusLinks, StatusPages, digest


class Watch:
    """Promises, incidents and status pages."""

    def __init__(
        self,
        store: Store,
        portals: Portals,
        *,
        tenant_of: Callable[[str], str | None],
        timeline_of: Callable[[str], Timeline],
        notifier: Notifier,
        rate_limit: Callable[[], RateLimit],
    ) -> None:
        """Watch portals; `tenant_of` returns the tenant of a group, `timeline_of` its history."""
        self._store = store
        self._portals = portals
        self._tenant_of = tenant_of
        self._timeline_of = timeline_of
        self.incidents = Incidents(store)
        self._pages = StatusPages(self.incidents)
        self._judge = Judge(
            store,
            portal_of=self._portal_of,
            timeline_of=timeline_of,
            notifier=notifier,
            rate_limit=rate_limit,
        )
        # The job "judge connectors".
        self.judge = self._judge.judge
        # While somebody holds it, other threads judge nothing.
        self.judge_lock = self._judge.lock

    def promises(self, portal: Portal) -> Promises:
        """Return the promises of a tenant."""
        return Promises(portal, self._store, partial(self._timeline_of, portal.tenant.id))

    def status_links(self, portal: Portal) -> StatusLinks:
        """Return the links to a tenant's status page."""
        return StatusLinks(portal, self._store)

    def status_by_link(self, secret: str) -> tuple[Portal, Status] | None:
        """Return whose status page a link shows, and what it says; None if it does not work.

        Raises an ApiError if nothing is known of the connectors yet.
        """
        group_id = self._store.status_links.group_of(digest(secret))
        portal = self._portal_of(group_id) if group_id else None
        if portal is None:
            return None
        timeline_of = partial(self._timeline_of, portal.tenant.id)
        return portal, self._pages.of(portal, timeline_of)

    def _portal_of(self, group_id: str) -> Portal | None:
        if tenant_id := self._tenant_of(group_id):
            with suppress(UnknownTenant):  # removed at this moment
                return self._portals.of(tenant_id)
        return None
