"""Shutdown: SIGTERM waits for writes under way, and Ctrl-C ends the process quickly.

In both cases threads that wait for Fivetran are released before the server waits for requests.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from functools import partial
from types import FrameType

from pbf.concurrency import draining

GRACE = 1.0
EXIT_STATUS_OF_CTRL_C = 130


def call_on_shutdown(
    *callbacks: Callable[[], None],
    drain: float = 0.0,
    stop_listening: Callable[[], None] = lambda: None,
) -> None:
    """Call each callback at SIGINT or SIGTERM, before the server waits for open requests.

    After SIGTERM the process drains first, for `drain` seconds at most, then stops listening; a
    second SIGTERM leaves both out. After Ctrl-C the process ends within a second, whatever still
    runs.
    """
    if threading.current_thread() is threading.main_thread():
        drain_first = partial(_drain, drain, stop_listening) if drain else None
        for number in (signal.SIGINT, signal.SIGTERM):
            _prepend_handler(number, callbacks, drain_first)


def _drain(seconds: float, stop_listening: Callable[[], None]) -> None:
    """Wait for the writes under way, and then send this process the signal once more."""
    draining.wait(seconds)
    stop_listening()
    os.kill(os.getpid(), signal.SIGTERM)


def _prepend_handler(
    number: signal.Signals,
    callbacks: Iterable[Callable[[], None]],
    drain: Callable[[], None] | None,
) -> None:
    server_handler = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        is_first = not draining.is_draining()
        draining.begin()
        if received == signal.SIGTERM and is_first and drain:
            threading.Thread(target=drain, name="drain", daemon=True).start()
            return
        # The interrupted thread may hold any lock, so other threads run the callbacks.
        for callback in callbacks:
            threading.Thread(target=callback, name="shutdown", daemon=True).start()
        if received == signal.SIGINT:
            timer = threading.Timer(GRACE, os._exit, (EXIT_STATUS_OF_CTRL_C,))
            timer.daemon = True
            timer.start()
        if callable(server_handler):
            server_handler(received, frame)
        else:
            raise SystemExit(0)

    signal.signal(number, handle)
