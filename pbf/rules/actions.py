"""Which actions are possible on a connector now, and what to do before the others."""

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


def obstacle(action: Action, connector: Connector) -> str | None:
    """Return why an action would change nothing now, in a sentence, or None.

    An action that Fivetran may refuse has no obstacle: it is sent, and the response shown.
    """
    if action == "resume":
        return None if connector.is_paused else "It is not paused."
    if action == "pause":
        return "It is already paused." if connector.is_paused else None
    if action == "sync" and connector.is_syncing and not connector.is_paused:
        return "A sync is already running."
    return None


def advice(action: Action, connector: Connector) -> str | None:
    """Return what to do before an action that Fivetran may refuse now, or None."""
    if action in ("edit", "delete") or obstacle(action, connector):
        return None
    if connector.is_incomplete:
        return "Finish the set-up first."
    if action == "sync" and connector.is_paused:
        return "Resume it first."
    if connector.is_broken and action == "tables":
        return "Repair it first."
    return None
