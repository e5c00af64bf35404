"""Data for the pages, derived once per change: st.cache_data over the portal.

The shared cache below asks Fivetran. This module caches only what is derived from its answers, by
tenant and revision, so that nothing here is older than its source.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import streamlit as st

from pbf.cache.derived import DerivedCache
from pbf.cache.entries import CachedList
from pbf.clock import utc_now
from pbf.components.connector_table import packed as packed_rows
from pbf.components.gallery import packed as packed_cards
from pbf.connectors.operations import Operations
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, StoreFailed, UnknownConnector
from pbf.fivetran.history import ErrorRecord, History, SyncRecord
from pbf.fivetran.models import Connector, Service
from pbf.rules.health import URGENT
from pbf.rules.statistics import Statistic, statistics
from pbf.ui import session
from pbf.ui.refresh.fragments import run_again_soon
from pbf.ui.timeline.group import group_syncs
from pbf.ui.view_models import Row, card, category, rows_of

if TYPE_CHECKING:
    from pbf.store.audit.entries import Entry
    from pbf.ui.charts import Spec

Rows = tuple[Row, ...]
Record = TypeVar("Record", SyncRecord, ErrorRecord)

LIFETIME = 3600
# Connectors in all that derived rows are kept for: of three tenants with 10,000 each, or of 300
# with 100. Measured: a row takes 1.5 kB, so this is at most 50 MB.
MOST_ROWS = 30_000
# Packed cards of all services take 35 kB, charts 10 to 30 kB in each of the two themes.
GALLERIES = 200
CHARTS = 400
SHOWN_AUDIT_ENTRIES = 5
UNREAD = "This could not be loaded. We will try again in a moment."


def services() -> CachedList[Service]:
    """Return the catalogue; show a message while it loads."""
    portal = session.portal()
    if portal.services_available:
        return portal.services()
    with st.spinner("Asking Fivetran for the services…"):
        return portal.services()


def connectors() -> CachedList[Connector]:
    """Return the tenant's connectors; show a message while they load."""
    portal = session.portal()
    if portal.connectors_available:
        return portal.connectors()
    with st.spinner("Asking Fivetran for your connectors…"):
        return portal.connectors()


def service_of(connector: Connector) -> Service:
    """Return a connector's service; only its id if the catalogue does not list it."""
    try:
        services()  # shows a message while they load
        catalogue = session.portal().catalogue().items
    except ApiError:
        catalogue = ()
    by_id = (service for service in catalogue if service.id == connector.service)
    # A connector that names no service has a page too.
    return next(by_id, None) or Service(id=connector.service or "unknown")


def history(connector: Connector) -> History[SyncRecord]:
    """Return a connector's last syncs, newest first, or why they are missing."""
    with st.spinner("Asking Fivetran for recent syncs…"):
        return _past("history", connector, lambda operations: operations.history(connector.id))


def errors(connector: Connector) -> History[ErrorRecord]:
    """Return a connector's last errors; none if Fivetran does not provide them."""
    with st.spinner("Asking Fivetran for errors…"):
        return _past("errors", connector, lambda operations: operations.errors(connector.id))


def audit_entries(connector: Connector) -> "list[Entry]":
    """Return the last audit entries of a connector; none if the database fails."""
    entries: list[Entry] = []
    with suppress(StoreFailed):  # the page works without them; the next run tries again
        entries = session.portal().audit_log.newest(SHOWN_AUDIT_ENTRIES, connector_id=connector.id)
    return [entry for entry in entries if entry.name in ("", connector.schema_name)]


def gallery() -> tuple[bytes, str]:
    """Return the packed cards, and a version that changes with them."""
    # The revision depends on the policy too, and on the services that a session is restricted to.
    shown = services()
    tenant, own = session.portal().tenant.id, connectors().revision
    return _gallery(tenant, shown.revision, own, shown.items), f"{shown.revision}-{own}"


class Key(NamedTuple):
    """What rows depend on: tenant, versions of the lists, rights, policy, plans and the minute."""

    tenant: str
    catalogue: str
    own: str
    acts: bool
    invites: bool
    planned: str
    minute: datetime

    @property
    def whose(self) -> tuple[str, bool]:
        """Whose rows they are: those of a tenant, for people who may change them or not."""
        return self.tenant, self.acts


@dataclass(frozen=True)
class Table:
    """The connector table's packed rows, the version that changes with them, and their ids."""

    rows: bytes
    version: str
    ids: frozenset[str]


def table(marked: str = "") -> Table:
    """Return the connector table's data, one object for all sessions that show it."""
    marked_rows, version = rows(marked)

    def pack() -> Table:
        ids = frozenset(row["id"] for row in marked_rows)
        return Table(packed_rows(marked_rows), version, ids)

    # The version is a digest of the rows, so they need not be part of the state.
    is_marked = version.endswith(f"-{marked}")  # not for an id that no connector has
    whose = session.portal().tenant.id, session.may(), marked if is_marked else ""
    return _derived().tables.get(whose, version, pack, items=len(marked_rows))


def rows(marked: str = "") -> tuple[Rows, str]:
    """Return the connector table's rows, the `marked` one first, and a version of them.

    Reasons may contain times relative to now, so rows are made anew every minute; the version
    changes only if their texts do.
    """
    table_rows, version = _rows(_row_key())
    for index, candidate in enumerate(table_rows if marked else ()):
        if candidate["id"] == marked:
            first: Row = {**candidate, "marked": True}
            others = table_rows[:index] + table_rows[index + 1 :]
            return (first, *others), f"{version}-{marked}"
    return table_rows, version


def made_rows(tenant: str, acts: bool) -> tuple[Key, Rows] | None:
    """Return what rows were made from last, and the rows; None if there are none."""
    made = _derived().rows.last((tenant, acts))
    return (made[0], made[1][0]) if made and isinstance(made[0], Key) else None


@dataclass(frozen=True)
class Summary:
    """What the overview says; `urgent` and `changed` are sorted, the first ones matter most."""

    total: int
    syncing: int
    urgent: Rows
    changed: Rows


def summary() -> Summary:
    """Return totals, the connectors that do not run by themselves, and the latest changes."""
    key = _row_key()
    table_rows, _ = _rows(key)
    make = partial(_make_summary, table_rows)
    return _derived().summaries.get(key.whose, key, make, items=len(table_rows))


def charts(theme: str) -> "list[tuple[Statistic, Spec]]":
    """Return the overview's statistics, each with its chart for the light or the dark theme."""
    return _charts(_row_key(), theme)


def _past(
    kind: str, connector: Connector, ask: Callable[[Operations], History[Record]]
) -> History[Record]:
    """Return records that are fetched once per state of a connector, or why they are missing."""
    portal = session.portal()

    def fetch() -> History[Record]:
        if problem := portal.connectors().problem:
            raise problem  # Fivetran is known to be unreachable
        with suppress(UnknownConnector):  # deleted meanwhile
            return ask(portal.operations)
        return History()

    try:
        return portal.past(f"{kind}:{connector.id} {_state(connector)}", fetch)
    except ApiError:  # the page works without them; a later run tries again
        run_again_soon(kind)
        return History(missing=UNREAD)


def _state(connector: Connector) -> str:
    """Return a text that changes with what a connector's records depend on."""
    status = connector.status
    parts = status.setup_state, status.sync_state, connector.succeeded_at, connector.failed_at
    return " ".join(map(str, parts))


# Resources, since copying thousands of rows for each run would cost more than the rest of it. They
# are never changed.
@st.cache_resource(ttl=LIFETIME, max_entries=GALLERIES, show_spinner=False)
def _gallery(tenant: str, shown: str, own: str, _services: tuple[Service, ...]) -> bytes:
    # The revision is a digest of the services, so they need not be part of the key.
    counts = Counter(connector.service for connector in session.portal().connectors().items)
    return packed_cards([card(service, counts[service.id]) for service in _services])


@dataclass(frozen=True)
class Derived:
    """What is kept of tenants' rows, by kind."""

    rows: DerivedCache[tuple[Rows, str]]
    tables: DerivedCache[Table]
    summaries: DerivedCache[Summary]


@st.cache_resource(show_spinner=False)
def _derived() -> Derived:
    return Derived(DerivedCache(MOST_ROWS), DerivedCache(MOST_ROWS), DerivedCache(MOST_ROWS))


def _rows(key: Key) -> tuple[Rows, str]:
    """Return the rows, and a digest of them."""
    portal = session.portal()
    own = portal.connectors().items
    make = partial(_make_rows, portal, own, key)
    return _derived().rows.get(key.whose, key, make, items=len(own))


def _make_rows(portal: Portal, own: tuple[Connector, ...], key: Key) -> tuple[Rows, str]:
    notes = portal.maintenance.notices(own, key.minute)
    catalogue = portal.catalogue().items
    table_rows = rows_of(own, catalogue, notes, key.minute, invites=key.invites, acts=key.acts)
    content = json.dumps(table_rows).encode()
    return table_rows, hashlib.blake2b(content, digest_size=12).hexdigest()


def _make_summary(table_rows: Rows) -> Summary:
    changed = [row for row in table_rows if row["changed"]]
    return Summary(
        total=len(table_rows),
        syncing=sum(1 for row in table_rows if row["moving"]),
        urgent=tuple(row for row in table_rows if row["status"] in URGENT),
        changed=tuple(sorted(changed, key=lambda row: row["changed"] or "", reverse=True)),
    )


@st.cache_data(ttl=LIFETIME, max_entries=CHARTS, show_spinner=False)
def _charts(key: Key, theme: str) -> "list[tuple[Statistic, Spec]]":
    from pbf.ui.charts import spec  # importing Altair takes half a second, too long at start-up

    table_rows, _ = _rows(key)
    portal = session.portal()
    drawn = statistics(
        portal.connectors().items,
        words={row["id"]: row["status"] for row in table_rows},
        categories={service.id: category(service) for service in portal.catalogue().items},
        now=key.minute,
        syncs=group_syncs(key.minute),
    )
    return [(figure, spec(figure, theme)) for figure in drawn]


def _row_key() -> Key:
    """Return what rows depend on as it is now; the services that a session is for do not matter."""
    services()  # shows a message while they load
    own = connectors().revision
    portal = session.portal()
    return Key(
        portal.tenant.id,
        portal.catalogue().revision,
        own,
        acts=session.may(),
        invites=portal.policy().limits.invitations,
        planned=portal.maintenance.plans().revision,
        minute=utc_now().replace(second=0, microsecond=0),
    )
