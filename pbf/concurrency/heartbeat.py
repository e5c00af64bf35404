"""Heartbeats: an action that is repeated in a thread of its own while other work goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(action: Callable[[], bool], *, every: float) -> Iterator[None]:
    """Call an action every so many seconds while the block runs, until it returns False.

    The action must not raise.
    """
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(every) and action():
            pass

    threading.Thread(target=repeat, name="heartbeat", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
