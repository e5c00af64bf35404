"""A connector -> one status word, the reason in a sentence, and the one next step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pbf.fivetran.models import Connector, StatusMessage
from pbf.rules.timing import is_manual

Word = Literal[
    "Needs you",
    "Failing",
    "Not finished",
    "Late",
    "Waiting on the source",
    "First sync",
    "Working",
    "Paused",
    "Unknown",
]
Tone = Literal["good", "busy", "attention", "bad", "quiet"]
ActionId = Literal["finish", "reconnect", "edit", "sync", "resync", "resume"]

# Most urgent first: the order of the filter and of "sort by status".
TONES: dict[Word, Tone] = {
    "Needs you": "bad",
    "Failing": "bad",
    "Not finished": "attention",
    "Late": "attention",
    "Waiting on the source": "busy",
    "First sync": "busy",
    "Working": "good",
    "Paused": "quiet",
    "Unknown": "quiet",
}
URGENT: frozenset[Word] = frozenset({"Needs you", "Failing", "Not finished"})

ACTIONS: dict[ActionId, str] = {
    "finish": "Finish set-up",
    "reconnect": "Reconnect",
    "edit": "Edit",
    "sync": "Sync now",
    "resync": "Re-sync history",
    "resume": "Resume",
}
ON_THE_CARD: frozenset[ActionId] = frozenset({"finish", "reconnect", "edit"})

SETUP_STATES = frozenset({"incomplete", "connected", "broken"})
SYNC_STATES = frozenset({"scheduled", "syncing", "paused", "rescheduled"})
UPDATE_STATES = frozenset({"on_schedule", "delayed"})

LONGEST_REASON = 160
# Said of what is broken while the step that may mend it is under way.
RUNS: dict[ActionId, str] = {
    "sync": "a sync runs now and will show whether it works.",
    "resync": "its history is being read again now.",
}
SET_UP_TAKES = timedelta(hours=1)
# A break that is over by so much, and no sync yet: nobody promises any more that one will come.
FORGOTTEN = timedelta(hours=1)


@dataclass(frozen=True)
class Health:
    """How one connector is, and what to do about it, if anything."""

    word: Word
    reason: str
    action: ActionId | None = None

    @property
    def tone(self) -> Tone:
        """The colour family of the word; the word itself always stands beside it."""
        return TONES[self.word]


def health(connector: Connector, now: datetime) -> Health:
    """Return the status of a connector at a time."""
    return _setup(connector) or _schedule(connector, now)


def is_moving(connectors: Iterable[Connector], now: datetime) -> bool:
    """Whether any of them may change by itself within seconds of now."""
    return any(
        connector.status.sync_state == "syncing" or _is_being_set_up(connector, now)
        for connector in connectors
    )


def _is_being_set_up(connector: Connector, now: datetime) -> bool:
    """Whether somebody may be on the Connect Card now; a set-up of yesterday was abandoned."""
    if connector.status.setup_state != "incomplete":
        return False
    return connector.created_at is None or now - connector.created_at < SET_UP_TAKES


def changed_at(connector: Connector) -> datetime | None:
    """Return when the connector last did something worth telling."""
    moments = (connector.created_at, connector.succeeded_at, connector.failed_at)
    return max((moment for moment in moments if moment is not None), default=None)


def since(connector: Connector, state: Health) -> datetime | None:
    """Return since when a connector that needs somebody is as it is, as far as Fivetran tells."""
    if state.word == "Not finished":
        return connector.created_at
    return connector.failed_at if state.word in URGENT and _failed_last(connector) else None


def _setup(connector: Connector) -> Health | None:
    """Return what is wrong with the set-up, or None if it is complete."""
    status = connector.status
    broken = status.setup_state == "broken"
    if status.setup_state == "incomplete":
        return Health("Not finished", "The set-up was started but not completed.", "finish")
    reconnect = next((task for task in status.tasks if step_of(task) == "reconnect"), None)
    if reconnect is not None:
        reason = _sentence(reconnect.details) or "Fivetran can no longer sign in."
        return Health("Needs you", reason, "reconnect")
    if status.tasks:
        task = status.tasks[0]
        said = _sentence(task.details or task.message)
        reason = said or ("The connection is broken." if broken else "Fivetran asks for a change.")
        step = step_of(task) or ("reconnect" if broken else "edit")
        return _needing(step, reason, connector)
    if broken:
        # Setup tests that pass leave the state broken until the next sync succeeds.
        if _is_under_way("sync", connector):
            return _needing("sync", "The connection broke.", connector)
        return _needing("sync", "The connection broke; a sync shows if it works.", connector)
    if status.setup_state not in SETUP_STATES:
        return Health("Unknown", "Fivetran reports a set-up state that is new to us.", "edit")
    return None


def step_of(task: StatusMessage) -> ActionId | None:
    """Return what clears a task, or None for a code that is new to us.

    Codes seen: reconnect, update_failed, unknown_sync_failure, python_code_throwing_error,
    resync_table_warning, sync_warning (of which only its text says what to do).
    """
    code = task.code.casefold()
    if "reconnect" in code or "credential" in code:
        return "reconnect"
    if "resync" in code or "re_sync" in code:
        return "resync"
    return "sync" if "fail" in code or "error" in code else None


def _needing(step: ActionId, reason: str, connector: Connector) -> Health:
    """Return what a step mends, with the step that can be taken now; none where it is under way."""
    if _is_under_way(step, connector):
        said = _sentence(reason, LONGEST_REASON - len(RUNS[step]) - 2)
        said = said if said.endswith("...") else said.rstrip(".!?")
        return Health("Needs you", f"{said}; {RUNS[step]}")
    # A paused connector is resumed before it syncs.
    first: ActionId = "resume" if step == "sync" and _is_paused(connector) else step
    return Health("Needs you", reason, first)


def _is_under_way(step: ActionId, connector: Connector) -> bool:
    """Whether a step that would mend a connector is under way."""
    status = connector.status
    if status.sync_state != "syncing" or _is_paused(connector):
        return False
    return step == "sync" or (step == "resync" and status.is_historical_sync is True)


def _is_paused(connector: Connector) -> bool:
    return bool(connector.paused) or connector.status.sync_state == "paused"


def _schedule(connector: Connector, now: datetime) -> Health:
    """Return how a connector with a complete set-up keeps to its schedule."""
    status = connector.status
    if _is_paused(connector):
        return Health("Paused", "No data moves until it is resumed.", "resume")
    if status.sync_state not in SYNC_STATES or status.update_state not in UPDATE_STATES:
        runs = status.sync_state == "syncing"
        return Health(
            "Unknown", "Fivetran reports a state that is new to us.", None if runs else "sync"
        )
    if status.sync_state == "rescheduled":
        if is_manual(connector):
            # Nobody but a person starts it again.
            return Health("Waiting on the source", "The source asked for a break.", "sync")
        return _waiting(status.rescheduled_for, now)
    return _syncing(connector) if status.sync_state == "syncing" else _between_syncs(connector)


def _syncing(connector: Connector) -> Health:
    if _failed_last(connector):
        return Health("Failing", "The last sync failed; another one runs now.")
    if connector.succeeded_at is None:
        return Health("First sync", "Reading everything once; this can take a while.")
    if connector.status.update_state == "delayed":
        return Health("Late", "It is later than its schedule allows; a sync runs now.")
    again = connector.status.is_historical_sync
    return Health("Working", "Re-reading its history now." if again else "Syncing now.")


def _between_syncs(connector: Connector) -> Health:
    manual, notes = is_manual(connector), connector.status.warnings
    if _failed_last(connector):
        then = "" if manual else "; Fivetran will try again"
        return Health("Failing", f"The last sync failed{then}.", "sync")
    if connector.succeeded_at is None:
        if manual:
            return Health("First sync", "The first sync starts when somebody asks for it.", "sync")
        return Health("First sync", "The first sync starts soon.")
    if connector.status.update_state == "delayed":
        return Health("Late", "The last sync is later than its schedule allows.", "sync")
    warning = next((_sentence(note.message) for note in notes if note.message.strip()), "")
    step: ActionId | None = "resync" if any(step_of(note) == "resync" for note in notes) else None
    return Health("Working", f"Warning: {warning}" if warning else "On schedule.", step)


def _failed_last(connector: Connector) -> bool:
    failed, succeeded = connector.failed_at, connector.succeeded_at
    return failed is not None and (succeeded is None or failed > succeeded)


def _waiting(until: datetime | None, now: datetime) -> Health:
    if until is not None and now - until > FORGOTTEN:
        reason = "The break that the source asked for is over, but no sync has begun."
        return Health("Waiting on the source", reason, "sync")
    length = ""
    if until is not None and until > now:
        minutes = max(1, round((until - now) / timedelta(minutes=1)))
        length = f" in {minutes} min" if minutes < 120 else f" in {round(minutes / 60)} hours"
    return Health(
        "Waiting on the source", f"The source asked for a break; it goes on by itself{length}."
    )


def _sentence(text: str, longest: int = LONGEST_REASON) -> str:
    plain = " ".join(text.split())
    if len(plain) > longest:
        return f"{plain[: longest - 3].rstrip()}..."
    return plain if not plain or plain.endswith((".", "!", "?")) else f"{plain}."
