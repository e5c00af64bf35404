"""Links for colleagues: how long they may work, and their states."""

from collections.abc import Mapping
from typing import Literal

from pbf.rules.health import Tone

State = Literal["waiting", "opened", "finished", "expired", "revoked"]

# For how long a link may work, in hours, with the words of the screens.
DURATIONS: Mapping[int, str] = {1: "1 hour", 24: "1 day", 7 * 24: "7 days"}
DEFAULT_HOURS = 24
LONGEST_NOTE = 500
# How many links of one connector may work at the same time.
MOST_LINKS = 20

TONES: Mapping[State, Tone] = {
    "waiting": "attention",
    "opened": "busy",
    "finished": "good",
    "expired": "quiet",
    "revoked": "quiet",
}
# The states in which a link leads to the Connect Card, and can be revoked.
WORKING = frozenset[State]({"waiting", "opened"})


def state(
    *,
    expires_at: float,
    opened_at: float | None,
    finished_at: float | None,
    revoked_at: float | None,
    now: float,
) -> State:
    """Return the state of a link at a time; times are in seconds since 1970."""
    if finished_at is not None:
        return "finished"
    if revoked_at is not None:
        return "revoked"
    if expires_at <= now:
        return "expired"
    return "waiting" if opened_at is None else "opened"
