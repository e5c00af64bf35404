"""The thread that keeps house: it settles what was abandoned, and deletes for good what is due.

Each process has one. What any of them does is claimed in the store first, so that it is done once.
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

Done = TypeVar("Done")

EVERY = 30.0
SHORTEST = 1.0

log = logging.getLogger(__name__)


class Housekeeper:
    """Looks after one portal until the process ends."""

    def __init__(
        self, open_portal: "Callable[[], Portal]", *, clock: Callable[[], float] = time.time
    ) -> None:
        """Look after what `open_portal` returns; while it cannot be opened, wait."""
        self._open = open_portal
        self._clock = clock
        self._ended = threading.Event()
        self._told: dict[str, str] = {}

    def start(self) -> None:
        """Begin, in a thread that keeps no process from its end."""
        threading.Thread(target=self.run, name="housekeeping", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing new."""
        self._ended.set()

    def run(self) -> None:
        """Keep house until stopped."""
        ACTOR.set("housekeeping")
        while not self._ended.is_set():
            self._ended.wait(self.look_round())

    def look_round(self) -> float:
        """Do what there is to do, and return for how many seconds to wait then."""
        troubles: dict[str, str] = {}
        self._safely(lambda portal: portal.settle_abandoned(), troubles)
        due = self._safely(lambda portal: portal.carry_out_deletions(), troubles)
        # Once, not every half minute.
        for text in troubles.keys() - self._told.keys():
            log.warning("%s: %s", troubles[text], text)
        self._told = troubles
        left = EVERY if due is None else due - self._clock()
        return min(max(left, SHORTEST), EVERY)

    def _safely(self, doing: "Callable[[Portal], Done]", troubles: dict[str, str]) -> Done | None:
        """Do it; note what is wrong by its text, so that nothing ends the thread."""
        try:
            return doing(self._open())
        except PbfError as error:
            troubles[str(error)] = type(error).__name__
        except Exception as error:
            # The text of an error we did not write may quote anything; its type may not.
            where = "".join(traceback.format_tb(error.__traceback__))
            troubles[f"unexpected\n{where}"] = type(error).__name__
        return None
