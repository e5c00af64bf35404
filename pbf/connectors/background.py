"""Background work: the thread that settles abandoned creations and carries out due deletions.

Each process has one. Whatever a thread works on is claimed in the store first, so that it is done
once. The server loads this module before it listens, hence the imports for types alone.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from pbf.connectors.access.caller import acting_as
from pbf.connectors.audit import PendingEntry
from pbf.errors import ApiError, InProgress, NotNow, PbfError, RateLimited, Unreachable

if TYPE_CHECKING:
    from pbf.connectors.context import Context
    from pbf.connectors.deletion import DeletionService
    from pbf.store.tables import Deletion

Result = TypeVar("Result")

# In seconds, between two runs.
INTERVAL = 30.0
SHORTEST_INTERVAL = 1.0
# Nothing that failed is repeated for so many seconds, and a run carries out so many deletions: the
# requests of the hour are for what people do.
WAIT_AFTER_FAILURE = 60.0
MOST_DELETIONS = 20

log = logging.getLogger(__name__)


class Jobs(Protocol):
    """The background work of one portal."""

    def settle_abandoned(self) -> None:
        """Find out what became of abandoned creations."""

    def carry_out_deletions(self) -> float | None:
        """Carry out due deletions; return when the next is due, in seconds since 1970."""


class DueDeletions:
    """Carries out the pending deletions of one group when they are due."""

    def __init__(self, context: "Context", deletion: "DeletionService") -> None:
        """Carry out by a service what is due."""
        self._group_id = context.group_id
        self._deletions = context.store.deletions
        self._connectors = context.connectors
        self._audit_log = context.audit_log
        self._deletion = deletion

    def carry_out(self) -> float | None:
        """Delete what is due, pause what runs, and return when the next deletion is due.

        Raises an error of Fivetran's after which nothing else would succeed either.
        """
        pending, now = self._deletions.listed(self._group_id), time.time()
        # A connector that was restored or is gone needs no look; one that runs is seen again.
        self._connectors.running.intersection_update(row.connector_id for row in pending)
        ready = [row for row in pending if row.lease_until <= now]
        todo = [row for row in ready if row.due_at <= now or self._may_run(row)]
        # What Fivetran refused lately waits behind what was not tried.
        for deletion in sorted(todo, key=lambda row: row.lease_until)[:MOST_DELETIONS]:
            job = self._delete if deletion.due_at <= now else self._pause
            try:
                job(deletion)
            except InProgress:
                continue  # by another process
            except (Unreachable, RateLimited):
                raise
            except ApiError as error:
                log.warning("deletion of %s is pending: %s", deletion.connector_id, error)
        return min((row.due_at for row in pending if row.due_at > now), default=None)

    def _may_run(self, deletion: "Deletion") -> bool:
        """Return whether its connector may not be paused: cut short, or seen running."""
        return deletion.was_abandoned or deletion.connector_id in self._connectors.running

    def _delete(self, deletion: "Deletion") -> None:
        entry = PendingEntry(deletion.connector_id, deletion.schema_name, "")
        with suppress(NotNow):
            self._deletion.carry_out(deletion, entry, wait=WAIT_AFTER_FAILURE)
            self._audit_log.write("delete for good", entry)
        self._connectors.forget()

    def _pause(self, deletion: "Deletion") -> None:
        self._connectors.running.add(deletion.connector_id)
        self._deletion.pause_again(deletion, wait=WAIT_AFTER_FAILURE)
        self._connectors.running.discard(deletion.connector_id)


class BackgroundWorker:
    """Does the background work of all portals until the process ends."""

    def __init__(
        self,
        open_portals: Callable[[], Iterable[Jobs]],
        *,
        clean_up: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Work on the portals that `open_portals` returns; while they cannot be opened, wait.

        `clean_up` is called in every run.
        """
        self._open = open_portals
        self._clean_up = clean_up
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
        with acting_as("background"):
            while not self._stopped.is_set():
                self._stopped.wait(self.run_once())

    def run_once(self) -> float:
        """Do what is due, and return the seconds to wait before the next run."""
        problems: dict[str, str] = {}
        self._safely(self._clean_up, problems)
        dues = []
        for portal in self._safely(lambda: list(self._open()), problems) or ():
            self._safely(portal.settle_abandoned, problems)
            dues.append(self._safely(portal.carry_out_deletions, problems))
        due = min((due for due in dues if due is not None), default=None)
        # Log a problem once, not at every run.
        for text in problems.keys() - self._logged.keys():
            log.warning("%s: %s", problems[text], text)
        self._logged = problems
        left = INTERVAL if due is None else due - self._clock()
        return min(max(left, SHORTEST_INTERVAL), INTERVAL)

    def _safely(self, job: Callable[[], Result], problems: dict[str, str]) -> Result | None:
        """Run a job; add an error to the problems, by its text, so that the thread goes on."""
        try:
            return job()
        except PbfError as error:
            problems[str(error)] = type(error).__name__
        except Exception as error:
            # The text of a foreign error may quote anything; its type may not.
            where = "".join(traceback.format_tb(error.__traceback__))
            problems[f"unexpected\n{where}"] = type(error).__name__
        return None
