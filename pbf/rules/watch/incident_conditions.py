"""What is wrong with a connector, and what many connectors have in common."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pbf.fivetran.models import Connector
from pbf.rules.health import ACTIONS, health
from pbf.rules.timeline.entries import SyncEntry
from pbf.rules.timeline.outcomes import FAILURES as FAILED
from pbf.rules.timeline.outcomes import Outcome
from pbf.rules.watch.freshness import Terms, broken_since
from pbf.rules.watch.kinds import FAILURES, MASS, PAUSED_FOR, Kind

# What of the audit log stops and restarts a connector.
STOPS, STARTS = frozenset({"pause", "delete"}), frozenset({"resume", "restore"})


@dataclass(frozen=True)
class Finding:
    """What is wrong with one connector; `opens_at` is from when on it is an incident.

    `title` has our own words alone, `reason` may quote Fivetran.
    """

    connector_id: str
    kind: Kind
    title: str
    reason: str
    opens_at: datetime


@dataclass(frozen=True)
class Evidence:
    """What is known of a connector besides its state: syncs (newest first), and its promise.

    `promised_at` is when somebody made the promise, None for that of its schedule.
    `paused_here` is whether it was paused in this dashboard.
    """

    syncs: Sequence[SyncEntry] = ()
    terms: Terms | None = None
    promised_at: datetime | None = None
    paused_here: bool = False


def finding(
    connector: Connector, evidence: Evidence, seen_at: datetime, now: datetime
) -> Finding | None:
    """Return the most urgent thing that is wrong with a connector, as it was at `seen_at`."""
    name, state = connector.title, health(connector, seen_at)
    if state.word == "Needs you":
        step = f": {ACTIONS[state.action].lower()}" if state.action else ""
        return Finding(connector.id, "needs_action", f"{name} needs you{step}", state.reason, now)
    if not connector.is_set_up:
        return None
    if connector.is_paused:
        if evidence.paused_here:
            return None
        reason = "It was not paused in this dashboard."
        opens_at = now + timedelta(seconds=PAUSED_FOR)
        return Finding(connector.id, "paused", f"{name} is paused", reason, opens_at)
    if evidence.terms and (late := _late(connector, evidence, seen_at, now)):
        return late
    failures = failures_in_a_row(evidence.syncs)
    if state.word == "Failing" and failures >= FAILURES:
        title = f"{name} fails again and again"
        return Finding(connector.id, "failing", title, state.reason, now)
    return None


def _late(
    connector: Connector, evidence: Evidence, seen_at: datetime, now: datetime
) -> Finding | None:
    terms = evidence.terms
    if terms is None or not broken_since(
        terms, connector.succeeded_at, seen_at, created_at=evidence.promised_at
    ):
        return None
    whose = "The promise" if evidence.promised_at else "By its schedule"
    reason = f"{whose}: {terms.text[0].lower()}{terms.text[1:]}."
    return Finding(connector.id, "late", f"{connector.title} has no fresh data", reason, now)


def failures_in_a_row(syncs: Sequence[SyncEntry]) -> int:
    """Return how many of the newest syncs failed, up to the last one that succeeded.

    Syncs that run, or of which nobody knows how they ended, do not count.
    """
    count = 0
    for sync in syncs:
        if sync.outcome in FAILED:
            count += 1
        elif sync.outcome == Outcome.SUCCEEDED:
            break
    return count


def is_paused_here(actions: Sequence[str]) -> bool:
    """Return whether the last action, of those in order from the newest, stopped a connector."""
    return next((action in STOPS for action in actions if action in STOPS | STARTS), False)


def mass_failures(
    findings: Sequence[Finding], services: Mapping[str, str], *, new: Sequence[str]
) -> dict[str, list[str]]:
    """Return the connectors of each service with which more than MASS have a problem.

    `services` are by connector. The service "" stands for all others, if more than MASS of the
    `new` ones have their problem at once.
    """
    by_service: defaultdict[str, list[str]] = defaultdict(list)
    for item in findings:
        if item.kind != "paused":
            by_service[services.get(item.connector_id, "")].append(item.connector_id)
    masses = {service: ids for service, ids in by_service.items() if len(ids) > MASS and service}
    explained = {connector_id for ids in masses.values() for connector_id in ids}
    pauses = {item.connector_id for item in findings if item.kind == "paused"}
    others = [item for item in new if item not in explained | pauses]
    return masses | ({"": others} if len(others) > MASS else {})
