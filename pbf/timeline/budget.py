"""How many requests reading the sync history may cost."""

from pbf.fivetran.models import RateLimit
from pbf.rules.list_lifetime import THROTTLED_BELOW

HOUR = 3600.0
# Of the requests of an hour, for histories and for lists that nobody looks at.
HISTORY_SHARE = 0.2
LIST_SHARE = 0.1
# And for lists that are read once more, to judge what changed in them.
JUDGED_SHARE = 0.2
# The limit of a trial account, until Fivetran says another one.
ASSUMED_LIMIT = 500
SHORTEST_SWEEP, LONGEST_SWEEP = 60.0, 1800.0
# So many seconds' worth of requests can be made at once.
LONGEST_SAVING = 300.0


def per_hour(limit: RateLimit) -> float:
    """Return how many histories may be requested in an hour."""
    return HISTORY_SHARE * (limit.limit or ASSUMED_LIMIT)


def sweep_interval(limit: RateLimit, requests: int) -> float:
    """Return every how many seconds all lists are read, if that costs so many requests."""
    seconds = requests * HOUR / (LIST_SHARE * (limit.limit or ASSUMED_LIMIT))
    return min(max(seconds, SHORTEST_SWEEP), LONGEST_SWEEP)


class Budget:
    """The requests for one kind of work: a share of what the hour has left, saved for minutes."""

    def __init__(self, share: float = HISTORY_SHARE) -> None:
        """Start with the savings of some minutes, once the limit is known."""
        self._share = share
        self._saved = 0.0
        self._at: float | None = None

    def earn(self, limit: RateLimit, now: float) -> int:
        """Return how many requests may be made now (seconds of any clock)."""
        total = limit.limit or ASSUMED_LIMIT
        left = total if limit.remaining is None else limit.remaining
        elapsed = LONGEST_SAVING if self._at is None else max(0.0, now - self._at)
        self._at = None if limit.limit is None else now
        if left < THROTTLED_BELOW * total:
            return 0  # the rest of the hour is for people
        rate = self._share * min(left, total) / HOUR
        self._saved = min(self._saved + rate * elapsed, max(1.0, rate * LONGEST_SAVING))
        return int(self._saved)

    def spend(self, requests: int) -> None:
        """Count requests that were made."""
        self._saved -= requests
