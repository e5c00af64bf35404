"""The thread of background work, which waits until the settings are right.

The server loads this module before it listens, hence the import for types alone.
"""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pbf.errors import PbfError

if TYPE_CHECKING:
    from pbf.jobs.runner import JobRunner

# In seconds, between two attempts to open the runner.
INTERVAL = 30.0

log = logging.getLogger(__name__)


class JobThread:
    """Opens the runner in a thread, and runs its jobs until the process ends."""

    def __init__(self, open_runner: "Callable[[], JobRunner]") -> None:
        """Run the jobs of the runner that `open_runner` returns; while it raises, wait."""
        self._open = open_runner
        self._stopped = threading.Event()
        self._runner: JobRunner | None = None
        self._logged = ""

    def start(self) -> None:
        """Start the thread; it does not keep the process from ending."""
        threading.Thread(target=self.run, name="background", daemon=True).start()

    def stop(self) -> None:
        """Start no further work."""
        self._stopped.set()
        if self._runner:
            self._runner.stop()

    def run(self) -> None:
        """Open the runner as soon as that is possible, and work until stopped."""
        while not self._stopped.is_set() and not self.opened():
            self._stopped.wait(INTERVAL)
        if self._runner and not self._stopped.is_set():
            self._runner.run()

    def opened(self) -> bool:
        """Open the runner; return whether that worked, and log once why it did not."""
        try:
            self._runner = self._open()
        except Exception as error:
            # The text of a foreign error may quote anything; its type may not.
            text = str(error) if isinstance(error, PbfError) else "unexpected"
            if text != self._logged:
                log.warning("%s: %s", type(error).__name__, text)
            self._logged = text
            return False
        return True
