"""A circuit breaker: while the database hangs, one caller at a time tries it, and nobody waits."""

import threading
import time
from collections.abc import Callable

# In seconds: how long after a failure the next caller tries, and after how long another one does
# if that one has not returned.
RETRY_AFTER = 2.0
LONGEST_TRY = 15.0


class CircuitBreaker:
    """Whether callers may try something that hangs at times."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed, so that everybody may try."""
        self._clock = clock
        self._lock = threading.Lock()
        self._is_open = False
        self._retry_at = 0.0

    def admits(self) -> bool:
        """Whether the caller may try; if so, `opens` or `closes` has to follow."""
        if not self._is_open:
            return True
        with self._lock:
            now = self._clock()
            if self._is_open and now < self._retry_at:
                return False
            self._retry_at = now + LONGEST_TRY
            return True

    def opens(self) -> None:
        """Let nobody try for a moment: it hangs."""
        with self._lock:
            self._is_open, self._retry_at = True, self._clock() + RETRY_AFTER

    def closes(self) -> None:
        """Let everybody try: it answers."""
        self._is_open = False
