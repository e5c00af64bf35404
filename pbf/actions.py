"""What can be done with a connector now, and why the rest cannot (pure)."""

from collections.abc import Mapping
from typing import Any, Literal

from pbf.models import Connector

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
    """Return why an action cannot work now, in a sentence that says what to do, or None."""
    status = connector.status
    finished = status.setup_state != "incomplete"
    paused = connector.paused or status.sync_state == "paused"
    if action in ("edit", "delete"):
        return None
    if not finished:
        return "Finish the set-up first."
    if action == "resume":
        return None if paused else "It is not paused."
    if action == "pause":
        return "It is paused already." if paused else None
    if action in ("sync", "resync"):
        if paused:
            return "Resume it first."
        if status.setup_state == "broken" and status.tasks:
            return "Reconnect it first."
        if action == "sync" and status.sync_state == "syncing":
            return "A sync runs already."
    if action == "tables" and status.setup_state == "broken":
        return "Reconnect it first."
    return None


def schedule_in_words(asked: Mapping[str, Any]) -> str:
    """Return what of a schedule is asked for, such as "daily, at 06:00 UTC"."""
    kind, minutes, hour = map(asked.get, ("schedule_type", "sync_frequency", "daily_sync_time"))
    words = [{"auto": "on a schedule", "manual": "on request"}.get(kind or "", "")]
    words.append(FREQUENCIES.get(minutes, f"every {minutes} minutes").lower() if minutes else "")
    words.append(f"at {hour} UTC" if hour else "")
    return ", ".join(filter(None, words))
