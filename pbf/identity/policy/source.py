"""The policy that is in force: read from its file again when that changes."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pbf.errors import InvalidPolicy
from pbf.rules.policy import NO_POLICY, Policy

# Seconds between two looks at the file's time and size.
CHECK_INTERVAL = 2.0
IN_FORCE = "The last valid policy stays in force."

log = logging.getLogger(__name__)

Stamp = tuple[int, int] | None


class PolicySource:
    """The policy of one group, as its file has it; one that allows everything without a file."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        group_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the policy of a group; with None, the file must name one tenant.

        Raises InvalidPolicy.
        """
        self._path = path
        self._group_id = group_id
        self._clock = clock
        self._lock = threading.Lock()
        self._problem = ""
        self._stamp: Stamp = _stamp(path) if path else None
        self._policy = _read(path, group_id) if path else NO_POLICY
        self._next_check = clock() + CHECK_INTERVAL

    def current(self) -> Policy:
        """Return the policy that is in force."""
        if self._path and self._clock() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._check(self._path)
            finally:
                self._lock.release()
        return self._policy

    @property
    def problem(self) -> str:
        """Why the file as it is now is not in force, in a sentence; empty if it is."""
        self.current()
        return self._problem

    def _check(self, path: Path) -> None:
        """Read the file again if it has changed; keep the last valid policy if it is invalid."""
        self._next_check = self._clock() + CHECK_INTERVAL
        stamp = _stamp(path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._policy = _read(path, self._group_id)
            self._problem = ""
            log.info("%s was read again and is in force", path.name)
        except InvalidPolicy as error:
            self._problem = f"{error} {IN_FORCE}"
            log.error("%s", self._problem)


def _read(path: Path, group_id: str | None) -> Policy:
    # Imported here: most processes have no policy file, and ruamel.yaml takes a while to load.
    from pbf.identity.policy.file import read_policy_file

    return read_policy_file(path).for_group(group_id)


def _stamp(path: Path) -> Stamp:
    """Return what changes with a file's content, or None if there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
