"""A policy file that is read again when it changes."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pbf.errors import InvalidPolicy

# Seconds between two looks at the file's time and size.
CHECK_INTERVAL = 2.0
IN_FORCE = "The last valid policy stays in force."

log = logging.getLogger(__name__)

Stamp = tuple[int, int] | None
Content = TypeVar("Content")


class WatchedFile(Generic[Content]):
    """The last valid content of a file that may change at any time."""

    def __init__(
        self, path: Path, read: Callable[[Path], Content], *, clock: Callable[[], float]
    ) -> None:
        """Read the file with a function that raises InvalidPolicy for what it refuses."""
        self._path = path
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._problem = ""
        self._stamp: Stamp = _stamp(path)
        self._content = read(path)
        self._next_check = clock() + CHECK_INTERVAL

    def current(self) -> Content:
        """Return the content that is in force."""
        if self._clock() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._lock.release()
        return self._content

    def check(self) -> None:
        """Look at the file now."""
        with self._lock:
            self._check()

    @property
    def problem(self) -> str:
        """Why the file as it is now is not in force, in a sentence; empty if it is."""
        self.current()
        return self._problem

    def _check(self) -> None:
        """Read the file again if it has changed; keep the last content if it is invalid."""
        self._next_check = self._clock() + CHECK_INTERVAL
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._content = self._read(self._path)
            self._problem = ""
            log.info("%s was read again and is in force", self._path.name)
        except InvalidPolicy as error:
            self._problem = f"{error} {IN_FORCE}"
            log.error("%s", self._problem)


def _stamp(path: Path) -> Stamp:
    """Return what changes with a file's content, or None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
