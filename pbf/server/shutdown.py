"""How the process ends: whoever waits for Fivetran is let go, and Ctrl-C is not kept waiting."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from types import FrameType

GRACE = 1.0
ENDED_BY_CTRL_C = 130


def call_on_shutdown(*let_go: Callable[[], None]) -> None:
    """Call each `let_go` once the process is told to end, before the server waits for its callers.

    After Ctrl-C, what has not ended within a second is cut off; SIGTERM lets it finish.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            _go_first(number, let_go)


def _go_first(number: signal.Signals, let_go: Iterable[Callable[[], None]]) -> None:
    server = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        # The thread that the signal meets may hold any lock, so another one does the work.
        for each in let_go:
            threading.Thread(target=each, name="let go", daemon=True).start()
        if received == signal.SIGINT:
            cut = threading.Timer(GRACE, os._exit, (ENDED_BY_CTRL_C,))
            cut.daemon = True
            cut.start()
        if callable(server):
            server(received, frame)
        else:
            raise SystemExit(0)

    signal.signal(number, handle)
