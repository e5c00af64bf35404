"""The outcomes of a sync, and what each of Fivetran's words for them means."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a sync ended, or where it is.

    `ended` is a sync that is over but of which no source said how.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_ACTION = "needs_action"
    RESCHEDULED = "rescheduled"
    ENDED = "ended"

    @property
    def is_final(self) -> bool:
        """Whether the sync is over."""
        return self not in UNFINISHED


UNFINISHED = frozenset({Outcome.QUEUED, Outcome.RUNNING})
# Outcomes that count as failures in sums and rates.
FAILURES = frozenset({Outcome.FAILED, Outcome.NEEDS_ACTION})
# The words are not published; these are seen or likely ones, without spaces and underscores.
WORDS = {
    "queued": Outcome.QUEUED,
    "scheduled": Outcome.QUEUED,
    "pending": Outcome.QUEUED,
    "running": Outcome.RUNNING,
    "syncing": Outcome.RUNNING,
    "started": Outcome.RUNNING,
    "inprogress": Outcome.RUNNING,
    "successful": Outcome.SUCCEEDED,
    "succeeded": Outcome.SUCCEEDED,
    "success": Outcome.SUCCEEDED,
    "completed": Outcome.SUCCEEDED,
    "failure": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "failurewithtask": Outcome.NEEDS_ACTION,
    "needsaction": Outcome.NEEDS_ACTION,
    "rescheduled": Outcome.RESCHEDULED,
}


def outcome_of(word: str, *, has_start: bool = True, has_end: bool = False) -> Outcome:
    """Return the outcome that a word of Fivetran's stands for.

    For an unknown word only the times count: over, running, or queued.
    """
    bare = "".join(letter for letter in word.lower() if letter.isalnum())
    if bare in WORDS:
        return WORDS[bare]
    if has_end:
        return Outcome.ENDED
    return Outcome.RUNNING if has_start else Outcome.QUEUED
