"""What watching over connectors costs: a group's first list, and judging where nothing changed.

Processor time counts, ours and that of PostgreSQL's process.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from bench.figures import Figure
from bench.history import Recorded, recording
from bench.postgres import postgres
from bench.scale import Scale
from bench.servers import SIGNING_KEY
from pbf.cache.shared import SharedCache
from pbf.connectors.account.account_list import list_key
from pbf.connectors.portal import Portal, Tenant
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Connector, ConnectorStatus, RateLimit
from pbf.rules.watch.kinds import IncidentEntry
from pbf.signed_links import Signer
from pbf.store.store import Store
from pbf.timeline.observer import Observer
from pbf.timeline.recorder import Recorder
from pbf.timeline.timeline import Timeline
from pbf.watch.incident_job import Judge

CONNECTORS = 10
# Nothing is asked of it.
NOWHERE = "http://127.0.0.1:9"
WORKING = ConnectorStatus(
    setup_state="connected", sync_state="scheduled", update_state="on_schedule"
)


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure on both kinds of database."""
    yield from _database("sqlite://", "SQLite in memory", scale)
    with postgres() as url:
        yield from _database(url, "PostgreSQL", scale)


class Nobody:
    """Tells nobody of incidents."""

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Tell nobody."""

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Tell nobody."""


def _database(url: str, name: str, scale: Scale) -> Iterator[Figure]:
    store, area = Store(url), f"Watching, {name}"
    with recording() as recorded:
        count = scale.tenants
        observer = Observer(store, Recorder(store, detail_days=90), lambda: ("large",))
        before = recorded.processor_seconds()
        observer.observe("large", _connectors(count), time.time())
        taken = 1000 * (recorded.processor_seconds() - before)
        yield Figure(area, f"the first list of {count:,} connectors", taken, "ms")
        yield from _judging(store, area, recorded, scale)
    store.close()


def _judging(store: Store, area: str, recorded: Recorded, scale: Scale) -> Iterator[Figure]:
    portals = _portals(store, scale.tenants)

    def timeline_of(tenant_id: str) -> Timeline:
        portal = portals[tenant_id]
        return Timeline(tenant_id, store, portal.connector, rate_limit=RateLimit, now=time.time)

    judge = Judge(
        store,
        portal_of=portals.get,
        timeline_of=timeline_of,
        notifier=Nobody(),
        rate_limit=RateLimit,
    )
    taken = []
    for _ in range(1 + scale.rounds):
        before = recorded.processor_seconds()
        judge.judge()
        taken.append(1000 * (recorded.processor_seconds() - before))
    groups = f"{scale.tenants:,} tenants of {CONNECTORS} connectors"
    yield Figure(area, f"judging {groups} for the first time", taken[0], "ms")
    yield Figure(area, f"judging {groups}, nothing changed", median(taken[1:]), "ms", at_most=100)


def _portals(store: Store, tenants: int) -> dict[str, Portal]:
    """Return portals whose lists were read just now."""
    client, cache = ApiClient(Request(NOWHERE, "key", "secret")), SharedCache()
    portals: dict[str, Portal] = {}
    observer = Observer(store, Recorder(store, detail_days=90), lambda: portals)
    for number in range(tenants):
        group_id = f"group_{number}"
        connectors = _connectors(CONNECTORS, group_id)
        cache.get(list_key(group_id), lambda items=connectors: items, lifetime=lambda _: 3600.0)  # type: ignore[misc]
        observer.observe(group_id, connectors, time.time())
        tenant = Tenant(group_id, group_id, group_id)
        signer = Signer(SIGNING_KEY)
        portals[group_id] = Portal(
            tenant, client=client, cache=cache, store=store, signer=signer, grace=24
        )
    return portals


def _connectors(number: int, prefix: str = "large") -> Sequence[Connector]:
    at = datetime.now(UTC) - timedelta(minutes=10)
    return [
        Connector(
            id=f"{prefix}-{place}",
            schema_name=f"source_{place}",
            service="stripe",
            group_id=prefix,
            paused=False,
            sync_frequency=360,
            succeeded_at=at,
            status=WORKING,
        )
        for place in range(number)
    ]
