"""Draining: after SIGTERM the process starts no new write, and ends once those under way are done.

The state belongs to the whole process, as the signal does.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from pbf.errors import ShuttingDown

# Seconds after which a caller should try again: a load balancer has found another process by then.
RETRY_AFTER = 2

_changed = threading.Condition()
_is_draining = False
_under_way: list[object] = []
_WRITING: ContextVar[bool] = ContextVar("writing", default=False)


def is_draining() -> bool:
    """Return whether the process has begun to end: it is not ready, and starts no new write."""
    return _is_draining


def begin() -> None:
    """Refuse new writes from now on."""
    # Called by a signal's handler, which may have interrupted a holder of any lock.
    global _is_draining
    _is_draining = True


def cancel() -> None:
    """Accept writes again, after a test."""
    global _is_draining
    _is_draining = False


@contextmanager
def write() -> Iterator[None]:
    """Count what is done within as a write under way; what belongs to such a write is a part of it.

    Raises ShuttingDown if the process is draining.
    """
    if _WRITING.get():
        yield
        return
    token = object()
    with _changed:
        if is_draining():
            raise ShuttingDown(retry_after=RETRY_AFTER)
        _under_way.append(token)
    before = _WRITING.set(True)
    try:
        yield
    finally:
        _WRITING.reset(before)
        with _changed:
            _under_way.remove(token)
            _changed.notify_all()


def wait(seconds: float) -> bool:
    """Wait until no write is under way, for some seconds at most; return whether that is so."""
    with _changed:
        return _changed.wait_for(lambda: not _under_way, timeout=seconds)
