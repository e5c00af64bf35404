"""Apps that the server loads only when it already listens and shows its first page."""

import gc
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SWITCH_INTERVAL = 0.0005
# Python's own are 700, 10 and 10. A list of 100 connectors has more than 3,000 objects, which live
# until the next list: with 700, each list is counted as garbage that is hard to find, and every few
# seconds all cached lists are searched for it, for 100 to 300 ms in which no thread runs.
COLLECTION_THRESHOLDS = (10_000, 10, 2)


class LazyApp:
    """A WSGI app that is loaded at the first request, or by `load()` before."""

    def __init__(self, create: "Callable[[], WSGIApplication]") -> None:
        """Wrap the app that `create` returns; it is called once."""
        self._create = create
        self._lock = threading.Lock()
        self._app: WSGIApplication | None = None

    def load(self) -> "WSGIApplication":
        """Return the app, loading it if necessary."""
        with self._lock:
            if self._app is None:
                self._app = self._create()
            return self._app

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass the request to the app (WSGI)."""
        return self.load()(environ, start_response)


def collect_garbage_less_often() -> None:
    """Have Python look for garbage after more new objects than a list of connectors has."""
    gc.set_threshold(*COLLECTION_THRESHOLDS)


@contextmanager
def background_loading() -> Iterator[None]:
    """Keep the server responsive while the block imports modules.

    Threads switch after half a millisecond instead of Python's five, which each of a page's 70
    files would wait for several times. The garbage collector is off: what is loaded stays, and is
    excluded from later collections.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.disable()
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.collect()
        gc.freeze()
        gc.enable()
