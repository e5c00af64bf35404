"""The metrics that are read from the parts of the process when they are asked for."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import pbf
from pbf.clock import current_time
from pbf.config import load_settings
from pbf.errors import StoreFailed
from pbf.metrics.exposition import serve_metrics
from pbf.store.figures import Figures
from pbf.store.migrations import HEAD

if TYPE_CHECKING:
    from pbf.runtime import Runtime

# Seconds between two looks into the store, by a thread of its own: a database that hangs must not
# keep the metrics from being read.
INTERVAL = 15.0


class RuntimeCollector(Collector):
    """Reads what the runtime counts anyway; without a runtime, only the version is known."""

    def __init__(self, current: "Callable[[], Runtime | None]") -> None:
        """Read from the runtime that `current` returns, if any."""
        self._current = current
        self._figures: Figures | None = None

    def read_store(self) -> None:
        """Read the figures of the store anew; while it fails, the last ones stay."""
        runtime = self._current()
        if runtime:
            try:
                self._figures = runtime.store.figures(current_time())
            except StoreFailed:
                return  # the age of the figures says so, and the log

    def read_store_repeatedly(self) -> None:
        """Read the figures of the store until the process ends."""
        while True:
            self.read_store()
            time.sleep(INTERVAL)

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; nothing is waited for."""
        info = GaugeMetricFamily(
            "pbf_info", "Version of the program and its database schema.", labels=METADATA
        )
        info.add_metric([pbf.__version__, HEAD], 1)
        yield info
        if runtime := self._current():
            yield from _of_process(runtime)
        if figures := self._figures:
            yield from _of_store(figures)


METADATA = ("version", "schema")


def _of_process(runtime: "Runtime") -> Iterator[Metric]:
    cache = runtime.cache.statistics()
    limit = runtime.client.latest.rate_limit
    values: dict[str, tuple[str, float | None]] = {
        "pbf_lists": ("Lists in the cache of this process.", cache.lists),
        "pbf_list_items": ("Items of these lists together.", cache.items),
        "pbf_longest_list_items": ("Items of the longest list.", cache.longest),
        "pbf_oldest_list_age_seconds": ("Age of the oldest list in use.", cache.oldest_age),
        "pbf_list_requests_in_flight": ("Lists that are being fetched.", cache.in_flight),
        "pbf_store_pool_in_use": ("Connections to the database in use.", runtime.store.pool_in_use),
        "pbf_audit_waiting": (
            "Entries of the audit log that wait for the database.",
            runtime.store.audit.waiting(),
        ),
        "pbf_fivetran_limit": ("Requests that Fivetran allows in an hour.", limit.limit),
        "pbf_fivetran_remaining": ("Requests left in this hour.", limit.remaining),
    }
    for name, (text, value) in values.items():
        if value is not None:
            yield GaugeMetricFamily(name, text, value)


def _of_store(figures: Figures) -> Iterator[Metric]:
    values = {
        "pbf_store_figures_timestamp_seconds": ("When these figures were read.", figures.read_at),
        "pbf_uncertain_creations": (
            "Creations that were sent and whose outcome is not known.",
            figures.uncertain_creations,
        ),
        "pbf_waiting_deletions": ("Deletions that can be undone.", figures.waiting_deletions),
        "pbf_overdue_deletions": ("Deletions that are due.", figures.overdue_deletions),
        "pbf_waiting_webhooks": ("Webhooks to be worked off.", figures.waiting_webhooks),
        "pbf_waiting_notifications": ("Notifications due.", figures.waiting_notifications),
    }
    for name, (text, value) in values.items():
        yield GaugeMetricFamily(name, text, value)
    webhooks = CounterMetricFamily("pbf_webhooks", "Webhooks received.", labels=["kind"])
    yield _filled(webhooks, figures.webhooks)
    incidents = GaugeMetricFamily("pbf_open_incidents", "Open incidents.", labels=["kind"])
    yield _filled(incidents, figures.incidents)
    failures = GaugeMetricFamily(
        "pbf_job_failures", "Failures of a job since its last success.", labels=["task"]
    )
    yield _filled(failures, {name: job.failures for name, job in figures.jobs.items()})
    succeeded = GaugeMetricFamily(
        "pbf_job_success_timestamp_seconds", "When a job last succeeded.", labels=["task"]
    )
    yield _filled(succeeded, {name: job.succeeded_at or 0.0 for name, job in figures.jobs.items()})


def _filled(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def start_metrics() -> None:
    """Serve the metrics on their port, if one is set, until the process ends.

    Raises ConfigurationError.
    """
    settings = load_settings()
    if not settings.metrics_port:
        return
    from pbf.runtime import opened

    collector = RuntimeCollector(opened)
    serve_metrics(settings.metrics_host, settings.metrics_port, collector)
    threading.Thread(target=collector.read_store_repeatedly, name="metrics", daemon=True).start()
