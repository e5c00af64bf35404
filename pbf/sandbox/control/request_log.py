"""The log of requests: what was asked, how it was answered and how long that took; no secrets."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

KEPT = 1000
# A kind holds the method, which may be any word; beyond this many kinds, new ones are one.
MOST_KINDS = 500
OTHER = "other requests"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; its path is without the query, and its kind is the route it took."""

    number: int
    time: str
    method: str
    path: str
    status: int
    milliseconds: float
    kind: str
    fault: str = ""


class RequestLog:
    """The latest requests, and how many there were of each kind since the log was cleared."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()

    def clear(self) -> None:
        """Forget every request and count."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()

    def add(self, **request: Any) -> None:
        """Note one request: time, method, path, status, milliseconds, kind, fault."""
        with self._lock:
            entry = Entry(number=self._counts.total() + 1, **request)
            known = entry.kind in self._counts or len(self._counts) < MOST_KINDS
            self._counts[entry.kind if known else OTHER] += 1
            self._entries.append(entry)

    @property
    def total(self) -> int:
        """How many requests there were."""
        with self._lock:
            return self._counts.total()

    @property
    def counts(self) -> dict[str, int]:
        """How many requests there were of each kind, the most frequent first."""
        with self._lock:
            return dict(self._counts.most_common())

    def entries(self, *, after: int = 0, limit: int = KEPT) -> list[dict[str, Any]]:
        """Return the latest requests, oldest first, those after a number only."""
        with self._lock:
            found = [asdict(entry) for entry in self._entries if entry.number > after]
        return found[-limit:] if limit else []
