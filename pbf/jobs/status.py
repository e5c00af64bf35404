"""What is due, when it ran, and what failed last, as operators see it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pbf.errors import NotNow, UnknownItem
from pbf.jobs.runner import ACCOUNT

if TYPE_CHECKING:
    from pbf.store.store import Store
    from pbf.store.tables import Job

State = Literal["waiting", "running", "cut short", "failed"]


@dataclass(frozen=True)
class JobStatus:
    """One job; times are in UTC, None for what has not happened. `error` is the last failure's."""

    name: str
    state: State
    due_at: datetime
    started_at: datetime | None
    succeeded_at: datetime | None
    failures: int
    error: str

    @property
    def is_problem(self) -> bool:
        """Whether the last run failed or was cut short."""
        return self.state in ("failed", "cut short")


class JobStatuses:
    """The jobs in the store, in the order of their names."""

    def __init__(self, store: "Store", *, clock: Callable[[], float] | None = None) -> None:
        """Read from a store; nothing else is opened."""
        self._jobs = store.jobs
        self._clock = clock or store.now

    def all(self) -> list[JobStatus]:
        """Return every job that has been due once; raise StoreFailed."""
        now = self._clock()
        rows = sorted(self._jobs.listed(ACCOUNT), key=lambda row: row.name)
        return [_status(row, now) for row in rows]

    def run_now(self, name: str) -> None:
        """Make a job due now, so that a process runs it within seconds.

        Raises UnknownItem, NotNow if it is running, or StoreFailed.
        """
        row, now = self._jobs.find(ACCOUNT, name), self._clock()
        if row is None:
            raise UnknownItem("There is no such job. Reload the page.")
        if _state(row, now) == "running" or not self._jobs.write(row, due_at=now):
            raise NotNow("This job is running now. Wait until it has ended.")


def _status(row: "Job", now: float) -> JobStatus:
    return JobStatus(
        name=row.name,
        state=_state(row, now),
        due_at=datetime.fromtimestamp(row.due_at, UTC),
        started_at=_moment(row.started_at),
        succeeded_at=_moment(row.succeeded_at),
        failures=row.failures,
        error=row.error,
    )


def _state(row: "Job", now: float) -> State:
    if row.owner:
        return "running" if row.lease_until > now else "cut short"
    return "failed" if row.failures else "waiting"


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
