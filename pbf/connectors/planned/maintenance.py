"""Maintenance: pauses and resumptions at a time, with a reason that everybody reads.

A change is stored before anything is done. The process that carries it out holds a lease, and
reads the connector first: what is so already, because a process was killed after its call or
because somebody was quicker, is not done again.
"""

import hashlib
import logging
import math
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from pbf.clock import utc_now
from pbf.concurrency import draining
from pbf.connectors import uncertain_writes
from pbf.connectors.access.caller import caller
from pbf.connectors.audit import DONE, NOTHING_TO_DO, PendingEntry
from pbf.connectors.context import Context
from pbf.connectors.uncertain_writes import invalidating
from pbf.errors import (
    ApiError,
    InProgress,
    InputError,
    LimitReached,
    NotFound,
    RateLimited,
    StoreFailed,
    UnknownItem,
    Unreachable,
)
from pbf.fivetran.models import Connector
from pbf.metrics.outages import log_level
from pbf.rules import maintenance as rules
from pbf.rules.maintenance import Action, PlannedChange, State
from pbf.rules.wording import exact
from pbf.store.tables import PlannedChange as Row
from pbf.visible_text import shown

RETRY_AFTER = 5
# In seconds: pages ask for all plans every few seconds.
PLANS_LIFETIME = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plans:
    """A tenant's changes by the connectors' ids and permanent names, and a version of them."""

    changes: dict[tuple[str, str], list[PlannedChange]]
    revision: str


class Maintenance:
    """The planned changes of one tenant's connectors."""

    def __init__(self, context: Context) -> None:
        """Plan changes for the connectors of a group."""
        self._group_id = context.group_id
        self._client = context.client
        self._rows = context.store.planned_changes
        self._deletions = context.store.deletions
        self._connectors = context.connectors
        self._audit_log = context.audit_log
        self._changing = context.changing
        self._plans = Plans({}, "")
        self._read_at = -math.inf

    def plan_pause(
        self,
        connector_id: str,
        *,
        pauses: bool,
        pause_at: datetime | None,
        resume_at: datetime | None,
        reason: str,
    ) -> None:
        """Plan a pause, now or at a time, and its end; raise InputError if that comes first.

        Without `pauses`, only the end is planned. Raises what `plan` raises.
        """
        now = utc_now()
        if resume_at:
            rules.check("resume", resume_at, shown(reason.strip()), now)
        if pauses and resume_at and resume_at <= (pause_at or now):
            raise InputError("The connector would resume before it is paused. Choose other times.")
        if pauses:
            self.plan(connector_id, "pause", at=pause_at, reason=reason)
        if resume_at:
            self.plan(connector_id, "resume", at=resume_at, reason=reason)

    def plan(
        self, connector_id: str, action: Action, *, at: datetime | None = None, reason: str
    ) -> PlannedChange:
        """Plan to pause or resume a connector; without a time it is carried out now.

        What Fivetran refuses now is tried again, as the state of the result says. Raises
        UnknownConnector, NotPermitted, InputError, LimitReached, StoreFailed or an ApiError.
        """
        now = utc_now()
        reason, due_at = shown(reason.strip()), at or now
        details = f"{action} at {exact(due_at)}" if at else f"{action} now"
        with self._changing("plan", connector_id, details=details) as connector:
            rules.check(action, due_at, reason, now)
            if sum(change.is_pending for change in self._of(connector)) >= rules.MOST_PLANNED:
                raise LimitReached(
                    f"{rules.MOST_PLANNED} changes are planned already. Cancel one of them first."
                )
            row = self._row(connector, action, due_at, reason)
            self._rows.add(row)
            self._read_at = -math.inf
        if at is None:
            with suppress(ApiError):
                self._carry_out(row)
        return _view(row)

    def listed(self, connector_id: str) -> list[PlannedChange]:
        """Return the changes of a connector, also those that are over, the latest first."""
        return self._of(self._connectors.connector(connector_id))

    def cancel(self, connector_id: str, change_id: str) -> PlannedChange:
        """Cancel a change that is not carried out yet.

        Raises UnknownItem if no such change is planned, InProgress while it is carried out.
        """
        with self._changing("cancel", connector_id) as connector:
            pending = {change.id for change in self._of(connector) if change.is_pending}
            row = self._rows.find(self._group_id, change_id) if change_id in pending else None
            if row is None:
                raise UnknownItem("No such change is planned. Reload the page.")
            # Writing the lease as well keeps others from claiming the row as they have read it.
            now = self._rows.now()
            if self._rows.is_held(row) or not self._rows.write(
                row, owner="", lease_until=now, cancelled_at=now
            ):
                raise InProgress("This change is being carried out now.", retry_after=RETRY_AFTER)
        self._read_at = -math.inf
        return _view(row)

    def plans(self) -> Plans:
        """Return all changes as they were a moment ago; the last known ones without a database."""
        if time.monotonic() - self._read_at > PLANS_LIFETIME:
            with suppress(StoreFailed):
                changes = defaultdict(list)
                for row in self._rows.listed(self._group_id):
                    changes[row.connector_id, row.schema_name].append(_view(row))
                content = repr(sorted(changes.items(), key=itemgetter(0))).encode()
                revision = hashlib.blake2b(content, digest_size=8).hexdigest()
                self._plans = Plans(dict(changes), revision)
            self._read_at = time.monotonic()
        return self._plans

    def notices(self, connectors: Iterable[Connector], now: datetime) -> dict[str, str]:
        """Return a line for each connector that is paused as planned or will be, by its id."""
        return self._notices(self.plans(), connectors, now)

    def last_notices(self, connectors: Iterable[Connector], now: datetime) -> dict[str, str]:
        """Return the same from the plans that were read last; the database is not asked."""
        return self._notices(self._plans, connectors, now)

    @staticmethod
    def _notices(plans: Plans, connectors: Iterable[Connector], now: datetime) -> dict[str, str]:
        changes = plans.changes
        return {
            connector.id: rules.notice(own, is_paused=connector.is_paused, now=now)
            for connector in connectors
            if (own := changes.get((connector.id, connector.schema_name)))
        }

    def carry_out_due(self) -> float | None:
        """Carry out what is due; return when the next change is, in seconds since 1970.

        Raises an error of Fivetran's after which nothing else would succeed either.
        """
        now = self._rows.now()
        pending = sorted(self._rows.pending(self._group_id), key=lambda row: row.due_at)
        due = [row for row in pending if row.due_at <= now]
        last = {(row.connector_id, row.schema_name): row for row in due}
        for row in due:
            if row is not last[row.connector_id, row.schema_name]:
                self._supersede(row)
            elif row.lease_until <= now:
                self._try(row)
        waiting = [max(row.due_at, row.lease_until) for row in pending if row.done_at is None]
        return min((at for at in waiting if at > now), default=None)

    def _try(self, row: Row) -> None:
        try:
            self._carry_out(row)
        except (Unreachable, RateLimited):
            raise
        except ApiError as error:
            log.log(log_level(error), "planned %s of %s: %s", row.action, row.connector_id, error)

    def _carry_out(self, row: Row) -> None:
        with draining.write():
            self._claim_and_apply(row)

    def _claim_and_apply(self, row: Row) -> None:
        if not self._rows.claim(row):
            return  # by another process, or cancelled
        with self._recorded(row) as entry:
            try:
                with self._rows.kept(row):
                    outcome = self._apply(row)
            except ApiError as error:
                late = self._rows.now() - row.due_at
                if late < rules.GIVE_UP_AFTER:
                    self._rows.release(row, wait=rules.wait(late), outcome=str(error))
                else:
                    entry.outcome = type(error).__name__
                    self._end(row, f"given up: {error}")
                raise
            entry.outcome = DONE if outcome == rules.DONE else NOTHING_TO_DO
        self._end(row, outcome)

    def _apply(self, row: Row) -> str:
        """Pause or resume the connector of a change, and return how that went."""
        try:
            connector = self._client.get_connector(row.connector_id)
        except NotFound:
            return rules.GONE
        is_hidden = self._deletions.find(self._group_id, row.connector_id) is not None
        if connector.schema_name != row.schema_name or is_hidden:
            return rules.GONE
        paused = row.action == "pause"
        if connector.paused == paused:
            return rules.ALREADY
        with invalidating(self._connectors.forget):
            uncertain_writes.change(self._client, connector.id, paused=paused)
        return rules.DONE

    def _supersede(self, row: Row) -> None:
        if self._rows.claim(row):
            with self._recorded(row) as entry:
                entry.outcome = NOTHING_TO_DO
            self._end(row, rules.SUPERSEDED)

    @contextmanager
    def _recorded(self, row: Row) -> Iterator[PendingEntry]:
        details = f"planned by {row.created_by_name or row.created_by}"
        entry = PendingEntry(row.connector_id, row.schema_name, details)
        with self._audit_log.record_done(row.action, entry):
            yield entry

    def _end(self, row: Row, outcome: str) -> None:
        self._read_at = -math.inf
        self._rows.release(row, done_at=self._rows.now(), outcome=outcome)

    def _row(self, connector: Connector, action: Action, due_at: datetime, reason: str) -> Row:
        who = caller()
        return Row(
            group_id=self._group_id,
            id=secrets.token_hex(8),
            connector_id=connector.id,
            schema_name=connector.schema_name,
            action=action,
            due_at=due_at.timestamp(),
            reason=reason,
            created_by=who.actor,
            created_by_name=who.name,
            created_at=self._rows.now(),
        )

    def _of(self, connector: Connector) -> list[PlannedChange]:
        rows = self._rows.of_connector(self._group_id, connector.id)
        own = [row for row in rows if row.schema_name == connector.schema_name]
        return [_view(row) for row in sorted(own, key=lambda row: row.due_at, reverse=True)]


def _view(row: Row) -> PlannedChange:
    return PlannedChange(
        id=row.id,
        connector_id=row.connector_id,
        action="pause" if row.action == "pause" else "resume",
        due_at=_moment(row.due_at),
        reason=row.reason,
        planned_by=row.created_by_name or "somebody",
        created_at=_moment(row.created_at),
        state=_state(row),
        done_at=None if row.done_at is None else _moment(row.done_at),
        cancelled_at=None if row.cancelled_at is None else _moment(row.cancelled_at),
        outcome=row.outcome,
    )


def _state(row: Row) -> State:
    if row.cancelled_at is not None:
        return "cancelled"
    if row.done_at is not None:
        return "done" if row.outcome in rules.REACHED else "not done"
    return "retrying" if row.outcome else "planned"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=0)
