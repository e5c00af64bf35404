"""The promises of one tenant: set, changed and removed, and how they were kept."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from pbf.clock import current_time
from pbf.connectors.access.caller import caller, require
from pbf.connectors.portal import Portal
from pbf.errors import InputError, UnknownItem
from pbf.fivetran.models import Connector
from pbf.rules.access.permissions import Permission
from pbf.rules.parsed_schedule import clock as time_of_day
from pbf.rules.time_zones import moment
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.watch.freshness import (
    DAYS,
    SCOPES,
    WINDOW,
    Promise,
    Scope,
    Tally,
    Terms,
    broken_since,
    default_terms,
    promise_for,
    reported_since,
    tally,
    terms_by,
    terms_within,
)
from pbf.store.store import Store
from pbf.store.watch.tables import Promise as Row
from pbf.timeline.timeline import Timeline

# The share of a whole tenant is that of so many connectors.
MOST_REPORTED = 200
NO_PROMISE = "There is no such promise. It may have been removed."


@dataclass(frozen=True)
class ConnectorPromise:
    """What is promised for a connector: by somebody (`promise`), or by its schedule alone.

    `broken_since` is None while it is kept, and where nothing can be judged; `has_data` is False
    as long as the connector never succeeded.
    """

    terms: Terms | None
    promise: Promise | None
    broken_since: datetime | None
    has_data: bool = True


@dataclass(frozen=True)
class Report:
    """How promises were kept in the last 30 days, by connector, and by all of these together.

    `left_out` is how many further connectors there are.
    """

    connectors: Sequence[tuple[Connector, ConnectorPromise, Tally]]
    total: Tally
    left_out: int = 0


class Promises:
    """The promises of one tenant."""

    def __init__(
        self,
        portal: Portal,
        store: Store,
        timeline: Callable[[], Timeline],
        *,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Judge the connectors of a portal by its history."""
        self._portal = portal
        self._group_id = portal.tenant.group_id
        self._rows = store.promises
        self._timeline = timeline
        self._clock = clock

    def listed(self) -> list[Promise]:
        """Return the promises that people made, the most general first."""
        return [promise_of(row) for row in self._rows.listed(self._group_id)]

    def put(self, scope: str, target: str, terms: Terms) -> Promise:
        """Promise something for a connector, a service or the tenant, in place of what was.

        Raises InputError, UnknownConnector or NotPermitted.
        """
        with self._portal.audit_log.record("set a promise", details=terms.text) as entry:
            require(Permission.MANAGE_NOTIFICATIONS)
            checked, name = self._checked(scope, target)
            entry.connector_id = target if checked == "connector" else ""
            entry.name = name
            if checked == "service":
                entry.details = f"{target}: {terms.text}"
            row = self._row(checked, target, terms)
            self._rows.put(row)
        return promise_of(row)

    def remove(self, scope: str, target: str) -> None:
        """Remove a promise; raise UnknownItem if there is none."""
        with self._portal.audit_log.record("remove a promise") as entry:
            require(Permission.MANAGE_NOTIFICATIONS)
            if not self._rows.remove(self._group_id, scope, target):
                raise UnknownItem(NO_PROMISE)
            entry.connector_id = target if scope == "connector" else ""
            entry.details = target if scope == "service" else ""

    def of(
        self, connector: Connector, promises: Sequence[Promise] | None = None
    ) -> ConnectorPromise:
        """Return what is promised for a connector, and whether it is kept now."""
        promise = promise_for(self.listed() if promises is None else promises, connector)
        terms = promise.terms if promise else default_terms(connector)
        broken = None
        if terms and not connector.is_incomplete and not connector.is_paused:
            made_at = promise.created_at if promise else None
            now = moment(self._clock())
            broken = broken_since(terms, connector.succeeded_at, now, created_at=made_at)
        return ConnectorPromise(terms, promise, broken, connector.succeeded_at is not None)

    def tally(self, connector: Connector, terms: Terms | None) -> Tally:
        """Return how a connector would have kept terms in the last 30 days.

        Before its first success a connector has no data that could be late.
        """
        if terms is None or connector.succeeded_at is None:
            return Tally()
        until = moment(self._clock())
        since = reported_since(terms, until)
        if connector.created_at and connector.created_at > since:
            since = connector.created_at
        first = since - (WINDOW if terms.kind == "by" else timedelta(hours=terms.hours))
        timeline = self._timeline()
        ends = sorted(
            sync.ended_at
            for sync in timeline.outcomes(connector.id, first, until)
            if sync.outcome == Outcome.SUCCEEDED and sync.ended_at
        )
        if ends and since == connector.created_at:
            since = ends[0]
        observed = timeline.observed(connector.id, first, until)
        return tally(terms, ends, observed, since, until)

    def report(self) -> Report:
        """Return how the promises of the first connectors by name were kept."""
        promises = self.listed()
        items = sorted(self._portal.connectors().items, key=lambda item: item.title.casefold())
        rows = []
        for connector in items[:MOST_REPORTED]:
            state = self.of(connector, promises)
            rows.append((connector, state, self.tally(connector, state.terms)))
        total = sum((row[2] for row in rows), Tally())
        return Report(rows, total, max(0, len(items) - MOST_REPORTED))

    def _checked(self, scope: str, target: str) -> tuple[Scope, str]:
        """Return a scope, and the permanent name of its connector, if it is one."""
        if scope not in SCOPES or (scope == "tenant") != (target == ""):
            raise InputError(
                "The scope must be tenant without a target, or service or connector with its id."
            )
        if scope == "connector":
            return scope, self._portal.connector(target).schema_name
        services = {item.id for item in self._portal.services().items}
        services |= {item.service for item in self._portal.connectors().items}
        if scope == "service" and target not in services:
            raise InputError("There is no such service. Choose one from the list of services.")
        return cast(Scope, scope), ""

    def _row(self, scope: Scope, target: str, terms: Terms) -> Row:
        who = caller()
        by = terms.kind == "by"
        return Row(
            id=secrets.token_hex(8),
            group_id=self._group_id,
            scope=scope,
            target=target,
            kind=terms.kind,
            hours=None if by else terms.hours,
            time=f"{terms.at:%H:%M}" if by else "",
            days=",".join(DAYS[day] for day in terms.days),
            time_zone=terms.time_zone if by else "",
            created_by=who.name or who.actor,
            created_at=self._clock(),
        )


def promise_of(row: Row) -> Promise:
    """Return a stored promise."""
    if row.kind == "by":
        days = [DAYS.index(day) for day in row.days.split(",") if day]
        terms = terms_by(time_of_day(row.time), days, row.time_zone)
    else:
        terms = terms_within(row.hours or 0)
    made_at = moment(row.created_at)
    return Promise(row.id, cast(Scope, row.scope), row.target, terms, made_at, row.created_by)
