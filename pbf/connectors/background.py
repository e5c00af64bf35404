"""The background thread: settles abandoned creations and carries out due deletions.

Each process has one. Whatever a thread works on is claimed in the store first, so that it is done
once.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pbf.connectors.audit import ACTOR
from pbf.errors import PbfError

if TYPE_CHECKING:
    from pbf.connectors.portal import Portal

Result = TypeVar("Result")

# In seconds, between two runs.
INTERVAL = 30.0
SHORTEST_INTERVAL = 1.0

log = logging.getLogger(__name__)


class BackgroundWorker:
    """Does the background work of one portal until the process ends."""

    def __init__(
        self, open_portal: "Callable[[], Portal]", *, clock: Callable[[], float] = time.time
    ) -> None:
        """Work on the portal that `open_portal` returns; while it cannot be opened, wait."""
        self._open = open_portal
        self._clock = clock
        self._stopped = threading.Event()
        self._logged: dict[str, str] = {}

    def start(self) -> None:
        """Start the thread; it does not keep the process from ending."""
        threading.Thread(target=self.run, name="background", daemon=True).start()

    def stop(self) -> None:
        """Start no further work."""
        self._stopped.set()

    def run(self) -> None:
        """Work until stopped."""
        ACTOR.set("background")
        while not self._stopped.is_set():
            self._stopped.wait(self.run_once())

    def run_once(self) -> float:
        """Do what is due, and return the seconds to wait before the next run."""
        problems: dict[str, str] = {}
        self._safely(lambda portal: portal.settle_abandoned(), problems)
        due = self._safely(lambda portal: portal.carry_out_deletions(), problems)
        # Log a problem once, not at every run.
        for text in problems.keys() - self._logged.keys():
            log.warning("%s: %s", problems[text], text)
        self._logged = problems
        left = INTERVAL if due is None else due - self._clock()
        return min(max(left, SHORTEST_INTERVAL), INTERVAL)

    def _safely(self, job: "Callable[[Portal], Result]", problems: dict[str, str]) -> Result | None:
        """Run a job; add an error to the problems, by its text, so that the thread goes on."""
        try:
            return job(self._open())
        except PbfError as error:
            problems[str(error)] = type(error).__name__
        except Exception as error:
            # The text of a foreign error may quote anything; its type may not.
            where = "".join(traceback.format_tb(error.__traceback__))
            problems[f"unexpected\n{where}"] = type(error).__name__
        return None
