"""Outages of Fivetran, the database and Redis: one log line at the beginning and one at the end."""

import logging
import threading
import time
from collections.abc import Callable

from pbf.errors import BadAnswer, PbfError, ServerFailed, StoreFailed, Unreachable
from pbf.metrics.instruments import OUTAGE

# What is raised while Fivetran or the database does not answer.
ERRORS: tuple[type[PbfError], ...] = (Unreachable, ServerFailed, BadAnswer, StoreFailed)
# An outage is over when something succeeds so many seconds after the last failure: until then,
# what succeeds in between would end it many times.
QUIET = 5.0


class Outage:
    """Whether a dependency answers."""

    def __init__(
        self,
        dependency: str,
        log: logging.Logger,
        *,
        begins: str,
        ends: str,
        quiet: float = QUIET,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Log two sentences: `begins`, which has a place %s for the reason, and `ends`."""
        self._log = log
        self._begins = begins
        self._ends = ends
        self._quiet = quiet
        self._clock = clock
        self._gauge = OUTAGE.labels(dependency)
        self._lock = threading.Lock()
        self._began_at: float | None = None
        self._failed_at = 0.0

    def fails(self, error: Exception) -> None:
        """Note that it did not answer; only the type of the error is logged."""
        with self._lock:
            self._failed_at = self._clock()
            is_new = self._began_at is None
            if is_new:
                self._began_at = self._failed_at
                self._gauge.set(1)
        if is_new:
            self._log.warning(self._begins, type(error).__name__)

    def answers(self) -> None:
        """Note that it answered."""
        if self._began_at is None:
            return
        with self._lock:
            now, began_at = self._clock(), self._began_at
            if began_at is None or now - self._failed_at < self._quiet:
                return
            self._began_at = None
            self._gauge.set(0)
        self._log.warning("%s The outage took %.0f seconds.", self._ends, now - began_at)


def log_level(error: Exception) -> int:
    """Return the level at which an error is logged: what an outage causes has its line already."""
    return logging.DEBUG if isinstance(error, ERRORS) else logging.WARNING
