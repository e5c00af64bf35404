"""Every metric that is counted where something happens; docs/metrics.md describes all metrics.

No label has a value that comes from outside or names a tenant, a person or a connector: each has
few values, which this program's own code decides.
"""

import re
from functools import cache

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

# In seconds: from a query in memory to a call that Fivetran gives up after a minute.
SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0)
# In lifetimes of a list: it is fresh up to 1, and callers wait for a newer one from 5 on.
LIFETIMES = (1.0, 2.0, 5.0, 10.0, 100.0)
CONVERTER = re.compile(r"<[^<>]*:")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Counter("pbf_http_requests", "Answered requests.", ["route", "method", "status"])
REQUEST_SECONDS = Histogram(
    "pbf_http_request_seconds", "Time to answer a request.", ["route"], buckets=SECONDS
)
THREAD_WAIT = Histogram(
    "pbf_thread_wait_seconds", "Wait of a request for a thread.", buckets=SECONDS
)
STORE_SECONDS = Histogram(
    "pbf_store_seconds", "Time of a transaction, with the wait for it.", ["access"], buckets=SECONDS
)
REDIS_SECONDS = Histogram("pbf_redis_seconds", "Time of a call to Redis.", buckets=SECONDS)
FIVETRAN_SECONDS = Histogram(
    "pbf_fivetran_request_seconds", "Time of a call to Fivetran.", ["outcome"], buckets=SECONDS
)
OUTAGE = Gauge("pbf_outage", "1 while a dependency does not answer, else 0.", ["dependency"])
REFUSALS = Counter("pbf_refusals", "Requests refused at once because too many wait.", ["kind"])
SERVED_LISTS = Counter("pbf_served_lists", "Lists served from the cache.", ["state"])
SERVED_AGE = Histogram(
    "pbf_served_list_age_lifetimes", "Age of served lists in their lifetimes.", buckets=LIFETIMES
)
CHANGES = Counter("pbf_changes", "Actions on connectors.", ["action", "outcome"])
NOTIFICATIONS = Counter("pbf_notifications", "Attempts to send a notification.", ["outcome"])
SOCKETS = Gauge("pbf_open_sockets", "Open tabs: WebSocket connections of pages.")
PAGE_SECONDS = Histogram("pbf_page_run_seconds", "Time of a run of a page.", ["page"])
FRAGMENT_SECONDS = Histogram(
    "pbf_fragment_run_seconds", "Time of a run of a part of a page.", ["fragment"]
)


class _Reader:
    """Whether there is somebody to count for: what each request would pay for is left out."""

    is_there = False


def start_counting() -> None:
    """Count requests and served lists from now on."""
    _Reader.is_there = True


def count_refusal(kind: str) -> None:
    """Count a request that was refused at once; `kind` is what too many wait for."""
    REFUSALS.labels(kind).inc()


def count_request(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count an answered request by its route's rule; None for a request of no route."""
    if not _Reader.is_there:
        return
    counted, timed = _of_requests(route, method if method in METHODS else "other", status)
    counted.inc()
    timed.observe(seconds)


def count_served_list(state: str, age: float) -> None:
    """Count a list that was served from the cache; its age is in lifetimes."""
    if not _Reader.is_there:
        return
    _served(state).inc()
    SERVED_AGE.observe(age)


def observe_thread_wait(seconds: float) -> None:
    """Observe how long a request has waited for a thread."""
    if _Reader.is_there:
        THREAD_WAIT.observe(seconds)


# To find the metric of some labels takes as long as to count.
@cache
def _of_requests(route: str | None, method: str, status: int) -> tuple[Counter, Histogram]:
    """Return the metrics of a rule of Flask's, without the types of its parameters."""
    template = CONVERTER.sub("<", route or "none")
    return REQUESTS.labels(template, method, str(status)), REQUEST_SECONDS.labels(template)


@cache
def _served(state: str) -> Counter:
    return SERVED_LISTS.labels(state)
