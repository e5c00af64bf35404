"""The runner: does background work that repeats, each job in one process at a time.

A job is a row of the store, which a process claims with a lease and renews while it works. If the
process dies, the lease runs out and another process starts the job again.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from pbf.clock import SKEW
from pbf.concurrency.draining import is_draining
from pbf.errors import PbfError, ShuttingDown
from pbf.metrics.outages import log_level
from pbf.store.tables import Job

if TYPE_CHECKING:
    from pbf.store.store import Store

ACCOUNT = ""  # the group of jobs that are for the whole account
# All in seconds. An open runner looks into the database so often at least, for what another process
# or a person has made due.
LONGEST_SLEEP = 5.0
SHORTEST_SLEEP = 1.0
LONGEST_WAIT_AFTER_FAILURE = 900.0
# A lease is renewed when this part of it is over.
RENEW_AFTER = 1 / 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobSpec:
    """Work that repeats every so many seconds; operators see its name.

    `run` may return when it is due before that, in seconds since 1970, and may raise PbfError. A
    process holds the job for `lease` seconds, and longer while it works.
    """

    name: str
    every: float
    run: Callable[[], float | None]
    lease: float = 15.0


class PartlyFailed(Exception):
    """A part of a job failed and the rest was done: the next run is due as usual.

    `due_at` is what the job would have returned.
    """

    def __init__(self, errors: Sequence[Exception], due_at: float | None) -> None:
        """Store the errors, at least one, and when the job is due next if before its interval."""
        super().__init__("a part of the job failed")
        self.errors = errors
        self.due_at = due_at


class _Run:
    """One run of a job in this process, in a thread of its own."""

    def __init__(self, spec: JobSpec, row: Job, on_end: Callable[[], None]) -> None:
        self.spec = spec
        self.row = row
        self.renew_at = 0.0
        self.due_at: float | None = None
        self.errors: Sequence[Exception] = ()
        self.is_partial = False
        self.has_ended = False
        self._on_end = on_end
        self.thread = threading.Thread(target=self._work, name=f"job {spec.name}", daemon=True)
        self.thread.start()

    def _work(self) -> None:
        try:
            self.due_at = self.spec.run()
        except PartlyFailed as failure:
            self.due_at, self.errors, self.is_partial = failure.due_at, failure.errors, True
        except Exception as error:
            self.errors = [error]
        self.has_ended = True
        self._on_end()


class JobRunner:
    """Runs jobs when they are due, until it is stopped."""

    def __init__(
        self,
        store: "Store",
        specs: Sequence[JobSpec],
        *,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Run these jobs, whose rows are in a store, by its clock if no other is given."""
        self._jobs = store.jobs
        self._specs = {spec.name: spec for spec in specs}
        self._clock = clock or store.now
        self._stopped = threading.Event()
        self._woken = threading.Event()
        self._running: dict[str, _Run] = {}
        self._logged: dict[str, frozenset[str]] = {}

    def start(self) -> None:
        """Start a thread that runs the jobs; it does not keep the process from ending."""
        threading.Thread(target=self.run, name="jobs", daemon=True).start()

    def stop(self) -> None:
        """Start no further job; what runs ends by itself, or with the process."""
        self._stopped.set()
        self._woken.set()

    def run(self) -> None:
        """Run jobs until stopped, and until those that run then have ended."""
        while self._running or not self._stopped.is_set():
            self._sleep(self._turn(may_begin=not self._stopped.is_set() and not is_draining()))

    def run_due(self) -> float:
        """Run what is due until it is done, and return the seconds until the next job is due."""
        wait = self._turn()
        while self._running:
            self._sleep(wait)
            wait = self._turn(may_begin=False)
        return wait

    def _sleep(self, seconds: float) -> None:
        """Sleep until something may be due, a lease has to be renewed, or a run has ended."""
        now = self._clock()
        renewals = [max(0.1, run.renew_at - now) for run in self._running.values()]
        self._woken.wait(min([seconds, LONGEST_SLEEP, *renewals]))
        self._woken.clear()

    def _turn(self, *, may_begin: bool = True) -> float:
        """Settle runs that have ended, renew leases, begin what is due.

        Returns the seconds until the next job is due, if the database can be read.
        """
        try:
            for run in list(self._running.values()):
                self._settle_or_renew(run)
            wait = self._begin_due(may_begin=may_begin)
        except Exception as error:
            # The thread goes on, whatever has happened; the database may be back in a moment.
            self._log("jobs", [error])
            return LONGEST_SLEEP
        self._log("jobs", [])
        return max(SHORTEST_SLEEP, wait)

    def _begin_due(self, *, may_begin: bool) -> float:
        """Claim and start what is due; return the seconds until the next job is due."""
        now = self._clock()
        rows = {row.name: row for row in self._jobs.listed(ACCOUNT)}
        dues = []
        for name, spec in self._specs.items():
            if name in self._running:
                continue
            row = rows.get(name) or self._added(spec, now)
            ready_at = _ready_at(spec, row, now)
            if not (may_begin and ready_at <= now and self._claim(spec, row)):
                dues.append(ready_at)
        return min(dues, default=now + LONGEST_SLEEP) - now

    def _added(self, spec: JobSpec, now: float) -> Job:
        """Add the row of a job that has none, due now; another process may do so as well."""
        row = Job(group_id=ACCOUNT, name=spec.name, due_at=now)
        self._jobs.add(row)
        return self._jobs.find(ACCOUNT, spec.name) or row

    def _claim(self, spec: JobSpec, row: Job) -> bool:
        """Claim a job as it was read and start it; False if another process has done so."""
        now = self._clock()
        until = now + spec.lease
        was_cut_short = bool(row.owner)
        if not self._jobs.write(row, owner=uuid4().hex, lease_until=until, started_at=now):
            return False
        if was_cut_short:
            log.warning("%s: its last run was cut short; it starts again", spec.name)
        run = _Run(spec, row, self._woken.set)
        run.renew_at = now + RENEW_AFTER * spec.lease
        self._running[spec.name] = run
        return True

    def _settle_or_renew(self, run: _Run) -> None:
        now = self._clock()
        if run.has_ended:
            self._settle(run, now)
            del self._running[run.spec.name]
        elif run.renew_at <= now:
            if not self._jobs.write(run.row, lease_until=now + run.spec.lease):
                log.warning("%s: the lease was lost while it ran", run.spec.name)
            run.renew_at = now + RENEW_AFTER * run.spec.lease

    def _settle(self, run: _Run, now: float) -> None:
        """Write how a run ended and when the job is due next, in one statement with the release."""
        spec, row, due_at = run.spec, run.row, now + run.spec.every
        if any(isinstance(error, ShuttingDown) for error in run.errors):
            self._jobs.write(row, owner="", lease_until=now, due_at=now)  # for another process
            return
        values: dict[str, object] = {"succeeded_at": now, "failures": 0, "error": ""}
        if run.errors:
            failures, text = row.failures + 1, error_text(run.errors[0])
            due_at = due_at if run.is_partial else now + _wait(spec, failures)
            values = {"failures": failures, "error": text}
        if run.due_at is not None:
            due_at = min(due_at, run.due_at)
        if not row.error:
            self._logged.pop(f"job {spec.name}", None)  # it has succeeded since, perhaps elsewhere
        due_at = max(due_at, now + SHORTEST_SLEEP)
        self._jobs.write(row, owner="", lease_until=now, due_at=due_at, **values)
        self._log(f"job {spec.name}", run.errors)

    def _log(self, subject: str, errors: Sequence[Exception]) -> None:
        """Log each error once, not at every run, until it is over."""
        problems = {_loggable(error): error for error in errors}
        for text in problems.keys() - self._logged.get(subject, frozenset()):
            error = problems[text]
            log.log(log_level(error), "%s: %s (%s)", type(error).__name__, text, subject)
        self._logged[subject] = frozenset(problems)


def error_text(error: Exception) -> str:
    """Return why a job failed, as operators read it."""
    if isinstance(error, PbfError):
        return str(error)
    return f"An unexpected error, {type(error).__name__}. The log of the server says where."


def _ready_at(spec: JobSpec, row: Job, now: float) -> float:
    """Return when a job may start; a time too far away was written by a clock that was wrong."""
    ready_at = max(row.due_at, row.lease_until if row.owner else 0.0)
    longest = max(spec.every, spec.lease, LONGEST_WAIT_AFTER_FAILURE)
    return now if ready_at > now + longest + SKEW else ready_at


def _wait(spec: JobSpec, failures: int) -> float:
    """Return the seconds to wait after so many failures in a row: twice as long after each."""
    longest = max(spec.every, LONGEST_WAIT_AFTER_FAILURE)
    return float(min(longest, spec.every * 2.0 ** min(failures - 1, 20)))


def _loggable(error: Exception) -> str:
    if isinstance(error, PbfError):
        return str(error)
    # The text of a foreign error may quote anything; its type may not.
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"unexpected\n{where}"
