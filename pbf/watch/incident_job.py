"""The job that opens and closes incidents.

It judges by the last list of each group and the sync history. A group whose list has not changed,
that has no open incident and no promise that is due, is passed over.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock

from pbf.cache.entries import CachedList
from pbf.clock import current_time
from pbf.connectors.audit import DONE
from pbf.connectors.portal import Portal
from pbf.errors import ApiError, PbfError, ServerFailed, Unreachable
from pbf.fivetran.models import Connector, RateLimit
from pbf.metrics.outages import log_level
from pbf.rules.health import health
from pbf.rules.time_zones import moment
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.watch.freshness import Promise, breaks_at, default_terms, promise_for
from pbf.rules.watch.incident_conditions import Evidence, Finding, finding, is_paused_here
from pbf.rules.watch.kinds import UNREACHABLE_FOR
from pbf.store.store import Store
from pbf.store.watch.incidents import CLOSED, OPENED
from pbf.store.watch.tables import Incident
from pbf.store.watch.tables import Promise as PromiseRow
from pbf.timeline.timeline import Timeline
from pbf.watch.collaborators import Notifier
from pbf.watch.incident_reconciliation import Reconciliation
from pbf.watch.incidents import Incidents, new_event, new_incident
from pbf.watch.last_lists import LastLists
from pbf.watch.promises import promise_of

log = logging.getLogger(__name__)

EVERY = 60.0
# If no list was read for so many seconds, one is looked at, to see whether Fivetran answers.
QUIET_FOR = 120.0
# How far back syncs are looked at, and how many, to count failures in a row.
SYNCS_SINCE = timedelta(days=30)
MOST_SYNCS = 10
# Entries of the audit log in which the last pause or resumption is looked for.
MOST_ACTIONS = 50
NOTIFIED_AT_ONCE = 500


@dataclass
class _Judged:
    """What a group was last judged by, and when one of its promises is due next."""

    revision: str
    promises: tuple[str, ...]
    due_at: float
    paused_here: dict[str, bool] = field(default_factory=dict)


class Judge:
    """Judges the connectors of all tenants."""

    def __init__(
        self,
        store: Store,
        *,
        portal_of: Callable[[str], Portal | None],
        timeline_of: Callable[[str], Timeline],
        notifier: Notifier,
        rate_limit: Callable[[], RateLimit],
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Judge groups by their portals (by group id) and histories (by tenant id)."""
        self._store = store
        self._portal_of = portal_of
        self._timeline_of = timeline_of
        self._notifier = notifier
        self._clock = clock
        self._incidents = Incidents(store, clock=clock)
        self._lists = LastLists(portal_of, rate_limit)
        self._judged: dict[str, _Judged] = {}
        self._failing_since: float | None = None
        # A story judges beside the job, and holds it while it exchanges all connectors.
        self.lock = RLock()

    def judge(self) -> None:
        """Bring all incidents up to date, and tell of what is new.

        It may be repeated at any time, also after it was interrupted, and run in two processes.
        """
        with self.lock:
            now = self._clock()
            read_at = self._store.incidents.lists_read_at()
            open_rows = self._store.incidents.open_by_group()
            is_away = self._is_away(read_at, now)
            if is_away is not None:
                self._mark_away(read_at, open_rows, now, is_away=is_away)
            if not is_away:
                self._judge_groups(read_at, open_rows, now)
            self.notify(now)

    def notify(self, now: float) -> None:
        """Notify of incidents that opened or closed; what fails is tried again in the next run."""
        rows = self._store.incidents.to_notify(now, NOTIFIED_AT_ONCE)
        for row, incident in zip(rows, self._incidents.entries(rows), strict=True):
            try:
                if not row.notified_of:
                    self._notifier.incident_opened(incident)
                if not incident.is_open:
                    self._notifier.incident_closed(incident)
            except PbfError as error:
                log.log(
                    log_level(error),
                    "no notification of an incident: %s: %s",
                    type(error).__name__,
                    error,
                )
                continue
            self._store.incidents.mark_notified(row.id, OPENED if incident.is_open else CLOSED)

    def _judge_groups(
        self, read_at: Mapping[str, float], open_rows: Mapping[str, list[Incident]], now: float
    ) -> None:
        promises, groups = self._store.promises.by_group(), set()
        for portal, connectors in self._lists.all(read_at, now):
            group_id = portal.tenant.group_id
            groups.add(group_id)
            rows = [row for row in open_rows.get(group_id, ()) if row.kind != "unreachable"]
            self._judge_group(portal, connectors, promises.get(group_id, []), rows, now)
        self._judged = {key: last for key, last in self._judged.items() if key in groups}

    def _judge_group(
        self,
        portal: Portal,
        connectors: CachedList[Connector],
        promise_rows: Sequence[PromiseRow],
        open_rows: Sequence[Incident],
        now: float,
    ) -> None:
        group_id = portal.tenant.group_id
        ids = tuple(row.id for row in promise_rows)
        last = self._judged.get(group_id)
        if last and (last.revision, last.promises) == (connectors.revision, ids):
            if not open_rows and connectors.fetched_at < last.due_at:
                return
        else:
            last = _Judged(connectors.revision, ids, now)
        promises = [promise_of(row) for row in promise_rows]
        seen_at = moment(connectors.fetched_at)
        findings = self._findings(portal, connectors.items, promises, last, seen_at, now)
        reconciliation = Reconciliation(self._store, group_id, connectors.items, now)
        reconciliation.run(findings, open_rows)
        last.due_at = _next_due(connectors.items, promises, seen_at)
        self._judged[group_id] = last

    def _findings(
        self,
        portal: Portal,
        connectors: Sequence[Connector],
        promises: Sequence[Promise],
        last: _Judged,
        seen_at: datetime,
        now: float,
    ) -> list[Finding]:
        self._read_pauses(portal, connectors, last)
        findings = []
        for connector in connectors:
            promise = promise_for(promises, connector)
            evidence = Evidence(
                syncs=self._syncs(portal, connector, seen_at),
                terms=promise.terms if promise else default_terms(connector),
                promised_at=promise.created_at if promise else None,
                paused_here=connector.is_paused and last.paused_here[connector.id],
            )
            if item := finding(connector, evidence, seen_at, moment(now)):
                findings.append(item)
        return findings

    def _syncs(
        self, portal: Portal, connector: Connector, seen_at: datetime
    ) -> Sequence[SyncEntry]:
        """Return the last syncs of a connector whose last one failed."""
        if health(connector, seen_at).word != "Failing":
            return ()
        timeline = self._timeline_of(portal.tenant.id)
        until = moment(self._clock())
        return timeline.syncs(connector.id, until - SYNCS_SINCE, until, limit=MOST_SYNCS)

    def _read_pauses(self, portal: Portal, connectors: Sequence[Connector], last: _Judged) -> None:
        """Read which of the paused connectors were paused here, unless it is known."""
        ids = [item.id for item in connectors if item.is_paused and item.id not in last.paused_here]
        entries = self._store.audit.newest_by_connector(portal.tenant.group_id, ids, MOST_ACTIONS)
        for connector_id in ids:
            actions = [
                entry.what for entry in entries.get(connector_id, ()) if entry.outcome == DONE
            ]
            last.paused_here[connector_id] = is_paused_here(actions)

    def _is_away(self, read_at: Mapping[str, float], now: float) -> bool | None:
        """Return whether Fivetran has been away for long; None if only for a moment."""
        if not read_at or now - max(read_at.values()) < QUIET_FOR:
            self._failing_since = None
            return False
        portal = self._portal_of(max(read_at, key=lambda group_id: read_at[group_id]))
        problem: ApiError | None = None
        if portal:
            try:
                problem = portal.connectors().problem
            except ApiError as error:
                problem = error
        if not isinstance(problem, Unreachable | ServerFailed):
            self._failing_since = None
            return False
        self._failing_since = self._failing_since or now
        return True if now - self._failing_since >= UNREACHABLE_FOR else None

    def _mark_away(
        self,
        read_at: Mapping[str, float],
        open_rows: Mapping[str, list[Incident]],
        now: float,
        *,
        is_away: bool,
    ) -> None:
        """Open one incident for each tenant while Fivetran is away, and close it after."""
        rows = self._store.incidents
        for group_id in read_at.keys() | open_rows.keys():
            is_open = [row for row in open_rows.get(group_id, ()) if row.kind == "unreachable"]
            for row in is_open if not is_away else ():
                rows.close(row.id, new_event(row.id, now, "closed", "Fivetran answers again."))
            if is_away and not is_open and self._portal_of(group_id):
                title = "Fivetran cannot be reached, so nothing newer is known of your connectors"
                row = new_incident(
                    group_id, "unreachable", title, target="unreachable", opened_at=now
                )
                text = "Syncs go on at Fivetran; what happens there is shown once it answers."
                rows.open(row, new_event(row.id, now, "opened", text))


def _next_due(
    connectors: Sequence[Connector], promises: Sequence[Promise], seen_at: datetime
) -> float:
    """Return when the next promise of a connector is broken unless a sync succeeds before."""
    dues = []
    for connector in connectors:
        promise = promise_for(promises, connector)
        terms = promise.terms if promise else default_terms(connector)
        if terms and connector.succeeded_at:
            due = breaks_at(terms, connector.succeeded_at)
            if due and due > seen_at:
                dues.append(due)
    return min(dues, default=datetime.max.replace(tzinfo=UTC)).timestamp()
