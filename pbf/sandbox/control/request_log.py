"""The log of requests: method, path, status and duration; no secrets."""

from collections import Counter, deque
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

MOST_ENTRIES = 1000
MOST_KINDS = 500
"""Kinds counted separately; a kind contains the method, which may be any word."""
OTHER = "other requests"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request; its path has no query, and its kind is the route it took."""

    number: int
    time: str
    method: str
    path: str
    status: int
    milliseconds: float
    kind: str
    fault: str = ""


class RequestLog:
    """The latest requests, and the number of each kind since the log was cleared."""

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._entries: deque[Entry] = deque(maxlen=MOST_ENTRIES)
        self._counts: Counter[str] = Counter()

    def clear(self) -> None:
        """Remove every request and count."""
        with self._lock:
            self._entries.clear()
            self._counts.clear()

    def add(self, **request: Any) -> None:
        """Record one request: time, method, path, status, milliseconds, kind, fault."""
        with self._lock:
            entry = Entry(number=self._counts.total() + 1, **request)
            counted = entry.kind in self._counts or len(self._counts) < MOST_KINDS
            self._counts[entry.kind if counted else OTHER] += 1
            self._entries.append(entry)

    @property
    def total(self) -> int:
        """The number of requests."""
        with self._lock:
            return self._counts.total()

    @property
    def counts(self) -> dict[str, int]:
        """The number of requests of each kind, the most frequent first."""
        with self._lock:
            return dict(self._counts.most_common())

    def entries(self, *, after: int = 0, limit: int = MOST_ENTRIES) -> list[dict[str, Any]]:
        """Return the latest requests after a number, oldest first."""
        with self._lock:
            entries = [asdict(entry) for entry in self._entries if entry.number > after]
        return entries[-limit:] if limit else []
