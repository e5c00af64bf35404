"""The health of a connector: one status word, the reason in a sentence, and the next step."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pbf.fivetran.models import Connector, StatusMessage
from pbf.rules.parsed_schedule import is_manual

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
# What is added to the reason of a broken connector while the step that may repair it runs.
RUNNING: dict[ActionId, str] = {
    "sync": "a sync runs now and will show whether it works.",
    "resync": "its history is being read again now.",
}
SETUP_DURATION = timedelta(hours=1)
# If no sync has started so long after a break that the source requested, none is expected.
MISSED_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Health:
    """The status of one connector, and what to do about it, if anything."""

    word: Word
    reason: str
    action: ActionId | None = None

    @property
    def tone(self) -> Tone:
        """The colour family of the word, which is always shown beside it."""
        return TONES[self.word]


def health(connector: Connector, now: datetime) -> Health:
    """Return the health of a connector at a time."""
    return _setup_health(connector) or _schedule_health(connector, now)


def needs_the_card(connector: Connector, now: datetime) -> bool:
    """Whether a person has to enter or renew credentials."""
    return not connector.is_set_up or health(connector, now).action == "reconnect"


def is_moving(connectors: Iterable[Connector], now: datetime) -> bool:
    """Whether any connector may change on its own within seconds."""
    return any(connector.is_syncing or _is_being_set_up(connector, now) for connector in connectors)


def _is_being_set_up(connector: Connector, now: datetime) -> bool:
    """Whether a person may be on the Connect Card now; an older set-up was abandoned."""
    if not connector.is_incomplete:
        return False
    return connector.created_at is None or now - connector.created_at < SETUP_DURATION


def changed_at(connector: Connector) -> datetime | None:
    """Return when the connector was created, succeeded or failed last."""
    moments = (connector.created_at, connector.succeeded_at, connector.failed_at)
    return max((moment for moment in moments if moment is not None), default=None)


def since(connector: Connector, state: Health) -> datetime | None:
    """Return since when a connector has needed attention, if Fivetran reports it."""
    if state.word == "Not finished":
        return connector.created_at
    return connector.failed_at if state.word in URGENT and _failed_last(connector) else None


def _setup_health(connector: Connector) -> Health | None:
    """Return what is wrong with the set-up, or None if it is complete."""
    status = connector.status
    if connector.is_incomplete:
        return Health("Not finished", "The set-up was started but not completed.", "finish")
    reconnect = next((task for task in status.tasks if step_of(task) == "reconnect"), None)
    if reconnect is not None:
        reason = _sentence(reconnect.details) or "Fivetran can no longer sign in."
        return Health("Needs you", reason, "reconnect")
    if status.tasks:
        return _task_health(status.tasks[0], connector)
    if connector.is_broken:
        # Setup tests that pass leave the state broken until the next sync succeeds.
        if _is_running("sync", connector):
            return _needs_step("sync", "The connection broke.", connector)
        return _needs_step("sync", "The connection broke; a sync shows if it works.", connector)
    if status.setup_state not in SETUP_STATES:
        return Health("Unknown", "Fivetran reports a set-up state that is new to us.", "edit")
    return None


def _task_health(task: StatusMessage, connector: Connector) -> Health:
    broken = connector.is_broken
    fallback = "The connection is broken." if broken else "Fivetran requires a change."
    reason = _sentence(task.details or task.message) or fallback
    step = step_of(task) or ("reconnect" if broken else "edit")
    return _needs_step(step, reason, connector)


def step_of(task: StatusMessage) -> ActionId | None:
    """Return the step that clears a task, or None for an unknown code.

    Observed codes: reconnect, update_failed, unknown_sync_failure, python_code_throwing_error,
    resync_table_warning, sync_warning (where only the text says what to do).
    """
    code = task.code.casefold()
    if "reconnect" in code or "credential" in code:
        return "reconnect"
    if "resync" in code or "re_sync" in code:
        return "resync"
    return "sync" if "fail" in code or "error" in code else None


def _needs_step(step: ActionId, reason: str, connector: Connector) -> Health:
    """Return the health of a connector that a step repairs; no step while that runs."""
    if _is_running(step, connector):
        reason = _sentence(reason, LONGEST_REASON - len(RUNNING[step]) - 2)
        reason = reason if reason.endswith("...") else reason.rstrip(".!?")
        return Health("Needs you", f"{reason}; {RUNNING[step]}")
    # A paused connector must be resumed before it syncs.
    next_step: ActionId = "resume" if step == "sync" and connector.is_paused else step
    return Health("Needs you", reason, next_step)


def _is_running(step: ActionId, connector: Connector) -> bool:
    """Whether a step that would repair a connector is running."""
    if not connector.is_syncing or connector.is_paused:
        return False
    return step == "sync" or (step == "resync" and connector.status.is_historical_sync is True)


def _schedule_health(connector: Connector, now: datetime) -> Health:
    """Return how a connector with a complete set-up keeps its schedule."""
    status = connector.status
    if connector.is_paused:
        return Health("Paused", "No data moves until it is resumed.", "resume")
    if status.sync_state not in SYNC_STATES or status.update_state not in UPDATE_STATES:
        step: ActionId | None = None if connector.is_syncing else "sync"
        return Health("Unknown", "Fivetran reports a state that is new to us.", step)
    if status.sync_state == "rescheduled":
        if is_manual(connector):
            # Only a person starts the next sync.
            return Health("Waiting on the source", "The source requested a break.", "sync")
        return _waiting(status.rescheduled_for, now)
    return _syncing(connector) if connector.is_syncing else _between_syncs(connector)


def _syncing(connector: Connector) -> Health:
    if _failed_last(connector):
        return Health("Failing", "The last sync failed; another one runs now.")
    if connector.succeeded_at is None:
        return Health("First sync", "Reading everything once; this can take a while.")
    if connector.status.update_state == "delayed":
        return Health("Late", "It is later than its schedule allows; a sync runs now.")
    rereads = connector.status.is_historical_sync
    return Health("Working", "Re-reading its history now." if rereads else "Syncing now.")


def _between_syncs(connector: Connector) -> Health:
    manual, warnings = is_manual(connector), connector.status.warnings
    if _failed_last(connector):
        retry = "" if manual else "; Fivetran will try again"
        return Health("Failing", f"The last sync failed{retry}.", "sync")
    if connector.succeeded_at is None:
        if manual:
            return Health("First sync", "The first sync starts when you request it.", "sync")
        return Health("First sync", "The first sync starts soon.")
    if connector.status.update_state == "delayed":
        return Health("Late", "The last sync is later than its schedule allows.", "sync")
    texts = (_sentence(warning.message) for warning in warnings if warning.message.strip())
    reason = next((f"Warning: {text}" for text in texts), "On schedule.")
    needs_resync = any(step_of(warning) == "resync" for warning in warnings)
    return Health("Working", reason, "resync" if needs_resync else None)


def _failed_last(connector: Connector) -> bool:
    failed, succeeded = connector.failed_at, connector.succeeded_at
    return failed is not None and (succeeded is None or failed > succeeded)


def _waiting(until: datetime | None, now: datetime) -> Health:
    if until is not None and now - until > MISSED_AFTER:
        reason = "The break that the source requested is over, but no sync has started."
        return Health("Waiting on the source", reason, "sync")
    length = ""
    if until is not None and until > now:
        minutes = max(1, round((until - now) / timedelta(minutes=1)))
        length = f" in {minutes} min" if minutes < 120 else f" in {round(minutes / 60)} hours"
    return Health(
        "Waiting on the source",
        f"The source requested a break; syncing continues on its own{length}.",
    )


def _sentence(text: str, longest: int = LONGEST_REASON) -> str:
    plain = " ".join(text.split())
    if len(plain) > longest:
        return f"{plain[: longest - 3].rstrip()}..."
    return plain if not plain or plain.endswith((".", "!", "?")) else f"{plain}."
