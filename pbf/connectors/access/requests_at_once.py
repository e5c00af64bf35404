"""How many requests of one tenant may be under way at once: all tenants share the routes' threads.

Of ten threads, reads of one tenant hold half at most, and its changes two.
"""

import threading
from collections import Counter
from dataclasses import dataclass

from pbf.errors import TooManyRequests

Turn = tuple[str, str]


@dataclass(frozen=True)
class Limit:
    """How many requests are worked on, how many more wait, and for how many seconds."""

    most: int
    waiting: int = 0
    patience: float = 0.0


# A change waits for Fivetran for long. Reads compete for the processor, so more than two at once
# would only slow the reads of others.
LIMITS = {"changes": Limit(2), "requests": Limit(2, waiting=3, patience=5.0)}


class RequestsAtOnce:
    """Counts the requests that are under way, by tenant."""

    def __init__(self, limits: dict[str, Limit] = LIMITS) -> None:
        """Allow so many changes and other requests for each tenant."""
        self._limits = limits
        self._under_way: Counter[Turn] = Counter()
        self._waiting: Counter[Turn] = Counter()
        self._changed = threading.Condition()

    def begin(self, tenant_id: str, *, is_change: bool) -> Turn:
        """Count a request of a tenant, once it is its turn.

        Raises TooManyRequests if too many of its requests wait already, or it waits too long.
        """
        kind = "changes" if is_change else "requests"
        turn, limit = (tenant_id, kind), self._limits[kind]
        with self._changed:
            if self._under_way[turn] >= limit.most and not self._wait(turn, limit):
                raise TooManyRequests(
                    f"Your organization has {limit.most + limit.waiting} {kind} under way already.",
                    retry_after=1,
                )
            self._under_way[turn] += 1
        return turn

    def end(self, turn: Turn) -> None:
        """Count a request as done."""
        with self._changed:
            _count_down(self._under_way, turn)
            if turn in self._waiting:
                self._changed.notify_all()

    def _wait(self, turn: Turn, limit: Limit) -> bool:
        if self._waiting[turn] >= limit.waiting:
            return False
        self._waiting[turn] += 1
        try:
            return self._changed.wait_for(
                lambda: self._under_way[turn] < limit.most, timeout=limit.patience
            )
        finally:
            _count_down(self._waiting, turn)


def _count_down(counts: Counter[Turn], turn: Turn) -> None:
    counts[turn] -= 1
    if counts[turn] <= 0:
        del counts[turn]
