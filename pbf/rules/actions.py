"""What can be done with a connector now, and what to do before the rest (pure)."""

from typing import Literal

from pbf.fivetran.models import Connector

Action = Literal[
    "sync", "pause", "resume", "edit", "test", "resync", "reschedule", "tables", "delete"
]

LABELS: dict[Action, str] = {
    "sync": "Sync now",
    "pause": "Pause",
    "resume": "Resume",
    "edit": "Edit on the Connect Card",
    "test": "Run setup tests",
    "resync": "Re-sync history",
    "reschedule": "Change schedule",
    "tables": "Choose tables",
    "delete": "Delete",
}

# Minutes between syncs that the API takes (the definition's enumeration), in words.
FREQUENCIES: dict[int, str] = {
    1: "Every minute",
    5: "Every 5 minutes",
    15: "Every 15 minutes",
    30: "Every 30 minutes",
    60: "Hourly",
    120: "Every 2 hours",
    180: "Every 3 hours",
    360: "Every 6 hours",
    480: "Every 8 hours",
    720: "Every 12 hours",
    1440: "Daily",
}


def obstacle(action: Action, connector: Connector) -> str | None:
    """Return why an action would change nothing now, in a sentence, or None.

    What Fivetran may refuse is no obstacle: Fivetran is asked, and its answer shown.
    """
    status = connector.status
    paused = connector.paused or status.sync_state == "paused"
    if action == "resume":
        return None if paused else "It is not paused."
    if action == "pause":
        return "It is already paused." if paused else None
    if action == "sync" and status.sync_state == "syncing" and not paused:
        return "A sync is already running."
    return None


def advice(action: Action, connector: Connector) -> str | None:
    """Return what to do before an action that Fivetran may refuse now, or None."""
    status = connector.status
    paused = connector.paused or status.sync_state == "paused"
    if action in ("edit", "delete") or obstacle(action, connector):
        return None
    if status.setup_state == "incomplete":
        return "Finish the set-up first."
    if action == "sync" and paused:
        return "Resume it first."
    if status.setup_state == "broken" and action == "tables":
        return "Repair it first."
    return None
