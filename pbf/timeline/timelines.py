"""The sync history of all tenants, and the work that keeps it."""

import logging
import time
from collections.abc import Callable, Sequence

from pbf.connectors.portal import Portal
from pbf.fivetran.client import ApiClient
from pbf.store.store import Store
from pbf.timeline import histories, thinning
from pbf.timeline.connector_watch import ConnectorWatch
from pbf.timeline.histories import Histories
from pbf.timeline.observer import ListQueue, Observer
from pbf.timeline.recorder import Recorder
from pbf.timeline.thinning import Thinning
from pbf.timeline.timeline import Timeline

WATCH_INTERVAL = 60.0

# A job's name, the seconds between two runs, and what it does.
Work = tuple[str, float, Callable[[], float | None]]

log = logging.getLogger("pbf")


class Timelines:
    """The timelines of tenants, and the parts that fill them.

    `lists.put` takes every list that is read anyhow; webhooks go to `recorder`.
    """

    def __init__(
        self,
        client: ApiClient,
        store: Store,
        *,
        portal: Callable[[str], Portal],
        groups: Callable[[], Sequence[str]],
        days: float,
        detail_days: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep a history for so many days, of which `detail_days` with every sync.

        `portal` returns the portal of a tenant or raises UnknownTenant; `groups` returns the
        groups of all tenants. `clock` is what the rate of requests is measured by.
        """
        self._client = client
        self._store = store
        self._portal = portal
        self.recorder = Recorder(store, detail_days=min(days, detail_days))
        self.observer = Observer(store, self.recorder, groups)
        self.lists = ListQueue(self.observer.observe, log.debug)
        self.watch = ConnectorWatch(client, self.observer, groups, clock=clock)
        self.histories = Histories(client, store, self.recorder, groups, clock=clock)
        self.thinning = Thinning(client, store, self.recorder, days=max(days, detail_days))

    def of(self, tenant_id: str) -> Timeline:
        """Return the timeline of a tenant; raise UnknownTenant."""
        portal = self._portal(tenant_id)
        return Timeline(
            portal.tenant.group_id,
            self._store,
            portal.connector,
            rate_limit=lambda: self._client.latest.rate_limit,
            now=self._client.now,
        )

    def work(self) -> Sequence[Work]:
        """Return the background work."""
        return (
            ("watch connectors", WATCH_INTERVAL, self.watch.run),
            ("read histories", histories.INTERVAL, self.histories.run),
            ("thin sync history", thinning.INTERVAL, self.thinning.run),
        )
