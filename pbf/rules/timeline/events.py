"""Fivetran's webhooks: what an event says, what tells it apart, and which sync it reports.

https://fivetran.com/docs/rest-api/webhooks
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.outcomes import Outcome, outcome_of

# What Fivetran sends when a webhook is created or activated.
PROBE = "test_event"
# The connectors, which do not exist, of the probe and of the calls that test a webhook.
TEST_CONNECTORS = frozenset({"_connector_1", "_connection_1"})
SYNC_START, SYNC_END = "sync_start", "sync_end"
# What the webhook that we install asks for: syncs, and whatever changes a connector's state.
EVENTS = (
    SYNC_START,
    SYNC_END,
    "connection_successful",
    "connection_failure",
    "create_connector",
    "pause_connector",
    "resume_connector",
    "edit_connector",
    "delete_connector",
    "force_update_connector",
    "resync_connector",
    "resync_table",
)
# The fields of `data` that are understood; the others are kept as they are.
UNDERSTOOD = frozenset({"status", "reason"})
LONGEST_TEXT = 200
# A UUID has 36.
LONGEST_SYNC_ID = 64
LONGEST_REASON = 2_000
MOST_UNKNOWN = 20


@dataclass(frozen=True)
class Event:
    """One event; `created_at` is in seconds since 1970, None if there is no readable time."""

    name: str
    created: str = ""
    created_at: float | None = None
    connector_id: str = ""
    group_id: str = ""
    sync_id: str = ""
    status: str = ""
    reason: str = ""
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_test(self) -> bool:
        """Whether it only tests whether we answer."""
        return self.name == PROBE or self.connector_id in TEST_CONNECTORS

    @property
    def digest(self) -> str:
        """A hash that is the same for each delivery of the event."""
        parts = (self.name, self.created, self.sync_id, self.connector_id)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_event(body: bytes | str) -> Event | None:
    """Return the event in a body; None if it is not JSON, or not an event.

    Older payloads have `group_id` for `destination_group_id`, and `status` outside of `data`.
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payload, dict) or not _text(payload, "event"):
        return None
    data = payload.get("data")
    data = data if isinstance(data, dict) else {}
    created = _text(payload, "created")
    return Event(
        name=_text(payload, "event"),
        created=created,
        created_at=_seconds(created),
        connector_id=_text(payload, "connector_id", "connection_id"),
        group_id=_text(payload, "destination_group_id", "group_id"),
        sync_id=_text(payload, "sync_id", longest=LONGEST_SYNC_ID),
        status=_text(data, "status") or _text(payload, "status"),
        reason=_text(data, "reason", longest=LONGEST_REASON),
        unknown=_unknown(data),
    )


def report_of(event: Event) -> SyncReport | None:
    """Return what an event says about a sync; None if it is about something else."""
    if event.created_at is None or not event.connector_id:
        return None
    if event.name == SYNC_START:
        return SyncReport(
            event.connector_id,
            sync_id=event.sync_id,
            started_at=event.created_at,
            outcome=Outcome.RUNNING,
        )
    if event.name == SYNC_END:
        return SyncReport(
            event.connector_id,
            sync_id=event.sync_id,
            ended_at=event.created_at,
            outcome=outcome_of(event.status, has_end=True),
            reason=event.reason,
            unknown=event.unknown,
        )
    return None


def _text(values: Mapping[str, Any], *names: str, longest: int = LONGEST_TEXT) -> str:
    """Return the first text among some fields, cut, and without what no database accepts."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value:
            return value.encode(errors="replace").decode().replace("\0", "")[:longest]
    return ""


def _seconds(text: str) -> float | None:
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _unknown(data: Mapping[str, Any]) -> dict[str, str]:
    texts = {name: _text(data, name) for name in data if name.isprintable()}
    kept = [name for name, text in texts.items() if text and name not in UNDERSTOOD]
    return {name[:LONGEST_TEXT]: texts[name] for name in kept[:MOST_UNKNOWN]}
