"""The background work of the process, as jobs that one process at a time does."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from pbf.connectors.access.caller import acting_as
from pbf.connectors.portal import Portal
from pbf.errors import StoreFailed
from pbf.jobs.runner import JobRunner, JobSpec, PartlyFailed
from pbf.runtime import webhooks
from pbf.watch.incident_job import EVERY

if TYPE_CHECKING:
    from pbf.runtime import Runtime

ACTOR = "background"
NO_REDIS = (
    "Other processes use this database, and PBF_REDIS_URL is not set: each asks Fivetran for "
    "itself, and shows what another has changed up to a minute later. Set PBF_REDIS_URL for all of "
    "them."
)
# In seconds.
INTERVAL = 30.0
SENDING = 10.0

log = logging.getLogger(__name__)


def jobs(runtime: "Runtime") -> Sequence[JobSpec]:
    """Return the jobs of a runtime; each of them acts as the background work."""
    specs = (
        JobSpec("clean up", INTERVAL, lambda: delete_expired(runtime)),
        *(JobSpec(*work) for work in runtime.timelines.work()),
        JobSpec("work off webhooks", webhooks.INTERVAL, webhooks.webhook_job(runtime)),
        JobSpec("judge connectors", EVERY, runtime.watch.judge),
        JobSpec("send notifications", SENDING, runtime.notifier.deliver_due),
    )
    return [*tenant_jobs(runtime), *map(_in_background, specs)]


def delete_expired(runtime: "Runtime") -> None:
    """Delete what ended some time ago, if that is certain; raise StoreFailed."""
    now = runtime.client.confirmed_time()
    if now is not None:
        runtime.store.delete_expired(now)


def tenant_jobs(runtime: "Runtime") -> Sequence[JobSpec]:
    """Return the jobs that cost nothing for tenants for which nothing waits."""
    works: dict[str, Callable[[Portal], float | None]] = {
        "settle creations": lambda portal: portal.settle_abandoned(),
        "delete connectors": lambda portal: portal.carry_out_deletions(),
        "pause and resume": lambda portal: portal.maintenance.carry_out_due(),
    }
    return [
        _in_background(JobSpec(name, INTERVAL, for_tenants(runtime, work)))
        for name, work in works.items()
    ]


def job_runner() -> JobRunner:
    """Return what runs the jobs of the process's runtime.

    Raises ConfigurationError as long as the settings are invalid.
    """
    from pbf.runtime import runtime

    opened = runtime()
    warn_of_other_processes(opened)
    return JobRunner(opened.store, opened.jobs)


def warn_of_other_processes(runtime: "Runtime") -> None:
    """Log that other processes use the database, if they share no cache with this one."""
    with suppress(StoreFailed):
        settings = runtime.settings
        if not settings.sandbox and not settings.shares_redis and runtime.store.other_processes():
            log.warning(NO_REDIS)


def for_tenants(
    runtime: "Runtime", work: Callable[[Portal], float | None]
) -> Callable[[], float | None]:
    """Return a job that does the same work for each tenant that has some.

    A tenant for which it fails does not delay the others, and is tried again in the next run.
    """

    def run() -> float | None:
        dues: list[float | None] = []
        errors: list[Exception] = []
        for portal in _portals(runtime):
            try:
                dues.append(work(portal))
            except Exception as error:
                errors.append(error)
        due_at = min((due for due in dues if due is not None), default=None)
        if errors:
            raise PartlyFailed(errors, due_at)
        return due_at

    return run


def _portals(runtime: "Runtime") -> list[Portal]:
    try:
        return list(runtime.portals_to_work_on())
    except Exception as error:  # once the policy or the database is right again, the work is due
        raise PartlyFailed([error], None) from error


def _in_background(spec: JobSpec) -> JobSpec:
    def run() -> float | None:
        with acting_as(ACTOR):
            return spec.run()

    return replace(spec, run=run)
