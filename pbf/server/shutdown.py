"""Shutdown: threads that wait for Fivetran are released, and Ctrl-C ends the process quickly."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType

GRACE = 1.0
EXIT_STATUS_OF_CTRL_C = 130


def call_on_shutdown(*callbacks: Callable[[], None]) -> None:
    """Call each callback at SIGINT or SIGTERM, before the server waits for open requests.

    After Ctrl-C the process ends within a second, whatever still runs; SIGTERM lets it finish.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            _prepend_handler(number, callbacks)


def _prepend_handler(number: signal.Signals, callbacks: Iterable[Callable[[], None]]) -> None:
    server_handler = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
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
