"""The command `jobs`: what is due, when it ran, and what failed last; Fivetran is not asked."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

from pbf.clock import utc_now
from pbf.config import Settings
from pbf.errors import ConfigurationError
from pbf.jobs.status import JobStatus, JobStatuses
from pbf.rules.wording import exact
from pbf.runtime.opened_store import open_store

NONE_YET = "No job has run yet. The server and `python -m pbf proxy` run them."


def list_jobs(settings: Settings) -> Iterator[tuple[bool, str]]:
    """Yield a line about each job, and whether all is well with it.

    Raises ConfigurationError if only the server's own process knows its jobs, or StoreFailed.
    """
    if settings.sandbox and settings.database_url is None:
        raise ConfigurationError(
            "There are no jobs to show: with the embedded sandbox, they exist only in the memory "
            "of the server process. Operators see them on the page Jobs."
        )
    with closing(open_store(settings)) as store:
        statuses = JobStatuses(store).all()
    now = utc_now()
    for status in statuses:
        yield not status.is_problem, _line(status, now)
    if not statuses:
        yield True, NONE_YET


def _line(status: JobStatus, now: datetime) -> str:
    due = "now" if status.due_at <= now else exact(status.due_at)
    success = exact(status.succeeded_at) if status.succeeded_at else "never"
    text = f"{status.name:<28} {status.state:<10} next {due}, last success {success}"
    if not status.error:
        return text
    times = "once" if status.failures == 1 else f"{status.failures:,} times in a row"
    return f"{text}\n     failed {times}: {status.error}"
