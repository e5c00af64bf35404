"""What the server loads once it is up, while the browser is busy with the first page."""

import gc
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

GIVE_WAY = 0.0005


class LazyApp:
    """A WSGI app that is loaded when it is first asked, or before."""

    def __init__(self, load: "Callable[[], WSGIApplication]") -> None:
        """Have `load` return the app, once."""
        self._load = load
        self._lock = threading.Lock()
        self._app: WSGIApplication | None = None

    def loaded(self) -> "WSGIApplication":
        """Return the app."""
        with self._lock:
            if self._app is None:
                self._app = self._load()
            return self._app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Let the app answer (WSGI)."""
        return self.loaded()(environ, start_response)


@contextmanager
def loading() -> Iterator[None]:
    """Load, within the block, while others are answered.

    A thread that computes gives way after half a millisecond instead of Python's own five, which
    each of a page's 70 files would wait for several times. And nobody looks for garbage: what is
    loaded stays, and is never looked through again.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(GIVE_WAY)
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.collect()
        gc.freeze()
        gc.enable()
