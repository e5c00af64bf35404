"""What a cache fetches from: a source that a test controls, and a process whose request hangs."""

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from tests.support.servers import PATIENCE, clean_environment

Item = TypeVar("Item")
HANGING = """
import threading
from pbf.cache.shared import SharedCache
{create}
called = threading.Event()

def hang():
    called.set()
    threading.Event().wait()

threading.Thread(
    target=lambda: cache.get("key", hang, lifetime=lambda _: 1.0), daemon=True
).start()
called.wait()
"""


class Source(Generic[Item]):
    """A source that counts calls, returns or raises as set, and can be blocked during a call."""

    def __init__(self, item: Callable[[str], Item], *ids: str) -> None:
        self.calls = 0
        self._item = item
        self.returns(*ids)
        self._entered = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._open = threading.Event()
        self._open.set()

    def __call__(self) -> list[Item]:
        with self._lock:
            self.calls += 1
            result = self.result
        self._entered.release()
        assert self._open.wait(PATIENCE)
        if isinstance(result, Exception):
            raise result
        return result

    def returns(self, *ids: str) -> None:
        self.result: list[Item] | Exception = [self._item(id_) for id_ in ids]

    def fails(self, error: Exception) -> None:
        self.result = error

    def block(self) -> None:
        self._open.clear()

    def release(self) -> None:
        self._open.set()

    def wait_until_called(self) -> None:
        assert self._entered.acquire(timeout=PATIENCE)


def exit_status_with_a_hanging_request(create: str) -> int:
    """Run a process in which a request hangs; `create` is the code that makes its cache."""
    script = HANGING.format(create=create)
    ended = subprocess.run(
        [sys.executable, "-c", script], timeout=PATIENCE, env=clean_environment(), check=False
    )
    return ended.returncode
