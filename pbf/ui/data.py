"""What the pages show, shaped once per change: st.cache_data over the portal.

The shared cache below asks Fivetran; here lies only what is derived from its answers, under the
tenant and the answers' revisions, so that nothing here outlives the truth.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from pbf.cache.entries import Answer
from pbf.components.connector_table import packed as packed_rows
from pbf.components.gallery import packed as packed_cards
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, StoreFailed, UnknownConnector
from pbf.fivetran.history import ErrorRecord, Past, SyncRecord
from pbf.fivetran.models import Connector, Service
from pbf.rules.health import TONES, URGENT
from pbf.rules.statistics import Figure, figures
from pbf.runtime import runtime
from pbf.ui.view_models import Row, card, category, row

if TYPE_CHECKING:
    from pbf.store.audit import Entry
    from pbf.ui.charts import Spec

Rows = tuple[Row, ...]
Record = TypeVar("Record", SyncRecord, ErrorRecord)
Summary = dict[str, Any]

LIFETIME = 3600
# The newest, and the one before for who is still at it; of thousands of rows each is megabytes.
ENTRIES = 3
# One for each theme.
CHARTS = 2 * ENTRIES
SHOWN_DEEDS = 5
UNREAD = "This could not be loaded. We will try again in a moment."


def services() -> Answer[Service]:
    """Return the catalogue, with a word while it is on its way."""
    portal = _portal()
    if portal.services_at_hand:
        return portal.services()
    with st.spinner("Asking Fivetran for the services…"):
        return portal.services()


def connectors() -> Answer[Connector]:
    """Return the tenant's connectors, with a word while they are on their way."""
    portal = _portal()
    if portal.connectors_at_hand:
        return portal.connectors()
    with st.spinner("Asking Fivetran for your connectors…"):
        return portal.connectors()


def service_of(connector: Connector) -> Service:
    """Return a connector's service; no more than its id where the catalogue does not tell."""
    try:
        known = services().items
    except ApiError:
        known = ()
    by_id = (service for service in known if service.id == connector.service)
    # Even a connector that names no service has a page.
    return next(by_id, None) or Service(id=connector.service or "unknown")


def history(connector: Connector) -> Past[SyncRecord]:
    """Return a connector's last syncs, newest first, or why there are none."""
    with st.spinner("Asking Fivetran for recent syncs…"):
        return _past("history", connector, _history)


def errors(connector: Connector) -> Past[ErrorRecord]:
    """Return what went wrong with a connector last; none where Fivetran does not tell."""
    with st.spinner("Asking Fivetran for errors…"):
        return _past("errors", connector, _errors)


def deeds(connector: Connector) -> "list[Entry]":
    """Return what people did to a connector last; none where our own database does not tell."""
    found: list[Entry] = []
    with suppress(StoreFailed):  # more than the page needs, so it waits for the next look
        found = _portal().journal.newest(SHOWN_DEEDS, connector_id=connector.id)
    return [entry for entry in found if entry.name in ("", connector.schema_name)]


def gallery() -> tuple[bytes, str]:
    """Return the cards as the gallery takes them, and a mark that changes with them."""
    tenant, catalogue, own = _portal().tenant.id, services().revision, connectors().revision
    return _gallery(tenant, catalogue, own), f"{catalogue}-{own}"


@dataclass(frozen=True)
class Table:
    """The connector table's rows, packed, the mark that changes with them, and their ids."""

    rows: bytes
    version: str
    ids: frozenset[str]


def table(marked: str = "") -> Table:
    """Return what the connector table is drawn from, one object for all sessions that show it."""
    found, version = rows(marked)
    return _table(_portal().tenant.id, version, found)


def rows(marked: str = "") -> tuple[Rows, str]:
    """Return the connector table's rows, `marked` standing out, and a mark that changes with them.

    Reasons may name times from now, so that rows are good for a minute; the mark stays the same
    as long as they say the same.
    """
    tenant, catalogue, own = _portal().tenant.id, services().revision, connectors().revision
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    found, version = _rows(tenant, catalogue, own, minute)
    for place, known in enumerate(found if marked else ()):
        if known["id"] == marked:
            first: Row = {**known, "marked": True}
            return (first, *found[:place], *found[place + 1 :]), f"{version}-{marked}"
    return found, version


def summary() -> Summary:
    """Return what the overview says: totals, who needs somebody, and what changed last."""
    tenant, catalogue, own = _portal().tenant.id, services().revision, connectors().revision
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    return _summary(tenant, catalogue, own, minute)


def charts(theme: str) -> "list[tuple[Figure, Spec]]":
    """Return the overview's figures, each with its chart for the light or the dark theme."""
    tenant, catalogue, own = _portal().tenant.id, services().revision, connectors().revision
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    return _charts(tenant, catalogue, own, minute, theme)


def _past(
    kind: str, connector: Connector, ask: Callable[[Portal, str], Past[Record]]
) -> Past[Record]:
    """Return what was asked for once per state of a connector; why not where that takes long."""
    portal = _portal()
    try:
        return portal.past(
            f"{kind}:{connector.id} {_state(connector)}", lambda: ask(portal, connector.id)
        )
    except ApiError:  # more than the page needs, so it waits for a later look
        return Past(missing=UNREAD)


def _history(portal: Portal, connector_id: str) -> Past[SyncRecord]:
    with suppress(UnknownConnector):  # deleted meanwhile
        return _attentive(portal).operations.history(connector_id)
    return Past()


def _errors(portal: Portal, connector_id: str) -> Past[ErrorRecord]:
    with suppress(UnknownConnector):  # deleted meanwhile
        return _attentive(portal).operations.errors(connector_id)
    return Past()


def _attentive(portal: Portal) -> Portal:
    """Return the portal; raise why not where it is known that nobody would answer."""
    if problem := portal.connectors().problem:
        raise problem
    return portal


def _state(connector: Connector) -> str:
    """Return a mark that changes with what a connector's past depends on."""
    status = connector.status
    said = status.setup_state, status.sync_state, connector.succeeded_at, connector.failed_at
    return " ".join(map(str, said))


# Resources, since a copy of thousands of rows for each look costs more than all else in it. Nobody
# changes them.
@st.cache_resource(ttl=LIFETIME, max_entries=ENTRIES, show_spinner=False)
def _gallery(tenant: str, catalogue: str, own: str) -> bytes:
    counts = Counter(one.service for one in _portal().connectors().items)
    found = _portal().services().items
    return packed_cards([card(service, counts[service.id]) for service in found])


@st.cache_resource(ttl=LIFETIME, max_entries=ENTRIES, show_spinner=False)
def _rows(tenant: str, catalogue: str, own: str, minute: datetime) -> tuple[Rows, str]:
    known = {service.id: service for service in _portal().services().items}
    found = [
        row(connector, known.get(connector.service), minute, marked=False)
        for connector in _portal().connectors().items
    ]
    urgency = {word: place for place, word in enumerate(TONES)}
    found.sort(key=lambda row: (urgency[row["status"]], row["name"].lower()))
    said = json.dumps(found).encode()
    return tuple(found), hashlib.blake2b(said, digest_size=12).hexdigest()


@st.cache_resource(ttl=LIFETIME, max_entries=ENTRIES, show_spinner=False)
def _table(tenant: str, version: str, _found: Rows) -> Table:
    # The version is made of the rows, so they need not be part of the key.
    return Table(packed_rows(_found), version, frozenset(row["id"] for row in _found))


@st.cache_resource(ttl=LIFETIME, max_entries=ENTRIES, show_spinner=False)
def _summary(tenant: str, catalogue: str, own: str, minute: datetime) -> Summary:
    found, _ = _rows(tenant, catalogue, own, minute)
    urgent = [row for row in found if row["status"] in URGENT]
    changed = sorted(
        (row for row in found if row["changed"]), key=lambda row: row["changed"], reverse=True
    )
    return {
        "total": len(found),
        "urgent": urgent,
        "moving": sum(1 for row in found if row["moving"]),
        "changed": changed,
    }


@st.cache_data(ttl=LIFETIME, max_entries=CHARTS, show_spinner=False)
def _charts(
    tenant: str, catalogue: str, own: str, minute: datetime, theme: str
) -> "list[tuple[Figure, Spec]]":
    from pbf.ui.charts import spec  # Altair takes half a second, which start-up must not cost

    found, _ = _rows(tenant, catalogue, own, minute)
    drawn = figures(
        _portal().connectors().items,
        words={row["id"]: row["status"] for row in found},
        categories={service.id: category(service) for service in _portal().services().items},
        now=minute,
    )
    return [(figure, spec(figure, theme)) for figure in drawn]


def _portal() -> Portal:
    return runtime().portal
