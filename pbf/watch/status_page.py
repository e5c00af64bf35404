"""The status page of one tenant: who may see it, and what it says.

It names connectors and nothing else: no service, no person, and no text of Fivetran's.
"""

import hashlib
import math
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from pbf.cache.entries import keep_newest
from pbf.clock import current_time
from pbf.connectors.access.caller import caller, require
from pbf.connectors.portal import Portal
from pbf.errors import LimitReached, UnknownItem
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.health import Tone, Word, health
from pbf.rules.time_zones import moment
from pbf.rules.timeline.entries import DayEntry, Period
from pbf.rules.watch.kinds import IncidentEntry, Kind
from pbf.store.store import Store
from pbf.store.watch.tables import StatusLink
from pbf.timeline.timeline import Timeline
from pbf.watch.incidents import Incidents

Mark = Literal["good", "mixed", "bad", "idle", "unobserved"]

DAYS = 90
LIFETIME = 60.0
# Connectors on one page; how many tenants' pages are kept.
MOST_SHOWN = 200
MOST_PAGES = 1000
MOST_LINKS = 20
WORKING: tuple[str, Tone] = ("Working", "good")
INTERRUPTED: tuple[str, Tone] = ("Interrupted", "bad")
WORDS: dict[Word, tuple[str, Tone]] = {
    "Working": WORKING,
    "First sync": ("First sync", "busy"),
    "Waiting on the source": WORKING,
    "Late": ("Delayed", "attention"),
    "Failing": INTERRUPTED,
    "Needs you": INTERRUPTED,
    "Not finished": ("Being set up", "quiet"),
    "Paused": ("Paused", "quiet"),
    "Unknown": ("Not known", "quiet"),
}
INCIDENTS: dict[Kind, str] = {
    "needs_action": "Interrupted",
    "late": "Delayed",
    "failing": "Interrupted",
    "paused": "Paused",
    "unreachable": "This page may be out of date: the states of connectors cannot be read",
    "source_down": "Several connectors are interrupted",
}


@dataclass(frozen=True)
class ConnectorStatus:
    """One line of the page: a word, and a mark for each of the last 90 days, the oldest first."""

    name: str
    word: str
    tone: Tone
    marks: tuple[Mark, ...]

    @property
    def text(self) -> str:
        """What the marks say, in words."""
        parts = [
            f"{count} {words}"
            for mark, words in (
                ("good", "without failures"),
                ("mixed", "with some failures"),
                ("bad", "with failures alone"),
                ("idle", "without syncs"),
                ("unobserved", "not observed"),
            )
            if (count := self.marks.count(mark))
        ]
        return f"The last {len(self.marks)} days: {', '.join(parts)}."


@dataclass(frozen=True)
class StatusIncident:
    """An incident under way; `name` is its connector's, "" if it is about several."""

    name: str
    text: str
    since: datetime


@dataclass(frozen=True)
class Status:
    """What the page says; `left_out` is how many further connectors there are."""

    heading: str
    tone: Tone
    incidents: Sequence[StatusIncident]
    connectors: Sequence[ConnectorStatus]
    left_out: int
    read_at: datetime


@dataclass(frozen=True)
class Link:
    """A link that works; its secret is not kept."""

    id: str
    created_by: str
    created_at: datetime


class StatusLinks:
    """The links to one tenant's status page."""

    def __init__(self, portal: Portal, store: Store) -> None:
        """Make links to the page of a portal's tenant."""
        self._group_id = portal.tenant.group_id
        self._audit_log = portal.audit_log
        self._rows = store.status_links

    def listed(self) -> list[Link]:
        """Return the links that work, the newest first."""
        require(Permission.MANAGE_NOTIFICATIONS)
        return [
            Link(row.id, row.created_by, moment(row.created_at))
            for row in self._rows.listed(self._group_id)
        ]

    def create(self) -> str:
        """Make a link, and return its secret, which nobody can read again."""
        with self._audit_log.record("make a status link"):
            require(Permission.MANAGE_NOTIFICATIONS)
            if len(self._rows.listed(self._group_id)) >= MOST_LINKS:
                raise LimitReached(f"{MOST_LINKS} links work already. Revoke one of them first.")
            secret, who = secrets.token_urlsafe(24), caller()
            row = StatusLink(
                id=secrets.token_hex(8),
                digest=digest(secret),
                group_id=self._group_id,
                created_by=who.name or who.actor,
                created_at=current_time(),
            )
            self._rows.add(row)
        return secret

    def revoke(self, link_id: str) -> None:
        """Revoke a link; raise UnknownItem if none with that id works."""
        with self._audit_log.record("revoke a status link"):
            require(Permission.MANAGE_NOTIFICATIONS)
            if not self._rows.revoke(self._group_id, link_id, current_time()):
                raise UnknownItem("There is no such link. It may have been revoked.")


@dataclass
class _Page:
    """What a page says, and when it was made; the thread that makes it holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    status: Status | None = None
    made_at: float = -math.inf


class StatusPages:
    """What the pages of all tenants say, each made once in a minute at most."""

    def __init__(self, incidents: Incidents, *, clock: Callable[[], float] = current_time) -> None:
        """Start empty."""
        self._incidents = incidents
        self._clock = clock
        self._lock = threading.Lock()
        self._pages: dict[str, _Page] = {}

    def of(self, portal: Portal, timeline: Callable[[], Timeline]) -> Status:
        """Return what the page of a tenant says; a crowd waits for one thread that makes it."""
        group_id = portal.tenant.group_id
        with self._lock:
            page = self._pages.get(group_id) or _Page()
            keep_newest(self._pages, group_id, page, MOST_PAGES)
        with page.lock:
            if page.status is None or self._clock() - page.made_at > LIFETIME:
                page.status, page.made_at = self._make(portal, timeline()), self._clock()
            return page.status

    def _make(self, portal: Portal, timeline: Timeline) -> Status:
        cached = portal.connectors()
        now = moment(self._clock())
        incidents = self._incidents.open(portal.tenant.group_id, explained=False)
        items = sorted(cached.items, key=lambda item: item.title.casefold())
        lines = [_line(item, timeline, now) for item in items[:MOST_SHOWN]]
        words = [WORDS[health(item, now).word] for item in items]
        names = {item.id: item.title for item in items}
        return Status(
            *_heading(words, incidents),
            [_public(incident, names) for incident in incidents],
            lines,
            max(0, len(items) - MOST_SHOWN),
            moment(cached.fetched_at),
        )


def digest(secret: str) -> str:
    """Return the SHA-256 of a link's secret, by which the store knows it."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def marks(
    entries: Sequence[DayEntry], observed: Sequence[Period], first: date, last: date
) -> tuple[Mark, ...]:
    """Return the mark of each day from `first` to `last`; what nobody observed is no success."""
    by_day = {entry.day: entry for entry in entries}
    result: list[Mark] = []
    day = first
    while day <= last:
        result.append(_mark(by_day.get(day), day, observed))
        day += timedelta(days=1)
    return tuple(result)


def _mark(entry: DayEntry | None, day: date, observed: Sequence[Period]) -> Mark:
    if entry and entry.failed:
        return "mixed" if entry.succeeded else "bad"
    if entry and entry.succeeded:
        return "good"
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    is_observed = any(period.since < end and period.until > start for period in observed)
    return "idle" if is_observed else "unobserved"


def _line(connector: Connector, timeline: Timeline, now: datetime) -> ConnectorStatus:
    first = now.date() - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=UTC)
    entries = timeline.days(connector.id, first, now.date())
    observed = timeline.observed(connector.id, since, now)
    word, tone = WORDS[health(connector, now).word]
    return ConnectorStatus(connector.title, word, tone, marks(entries, observed, first, now.date()))


def _heading(
    words: Sequence[tuple[str, Tone]], incidents: Sequence[IncidentEntry]
) -> tuple[str, Tone]:
    if any(incident.kind == "unreachable" for incident in incidents):
        return "The current state is not known", "attention"
    bad = sum(word == INTERRUPTED for word in words)
    if bad:
        return f"{bad:,} of {len(words):,} connectors interrupted", "bad"
    if incidents:
        return "Some data is not up to date", "attention"
    return ("All connectors work" if words else "There are no connectors yet"), "good"


def _public(incident: IncidentEntry, names: dict[str, str]) -> StatusIncident:
    name = names.get(incident.connector_id, incident.connector_name)
    return StatusIncident(name, INCIDENTS[incident.kind], incident.opened_at)
