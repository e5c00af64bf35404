"""python -m chaos.outage: an outage of Fivetran under open pages and a load on the routes.

A healthy phase comes first, as the floor of the response times. The exit status is 1 if a response
failed, did not show its age, was slow, or did not recover.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import servers
from bench.figures import Figure, conclude, table
from chaos.callers import Call, calling
from chaos.upstream import Upstream
from chaos.visitors import Visitors, in_chromium, in_sessions

MAX_SLOWDOWN = 1.5
MAX_RECOVERY = 30.0
CHECK_EVERY = 5.0
# A list shows its age only once it is stale, and pages refresh themselves every three seconds.
MAX_UNMARKED = 30.0
TIMEOUT = 120.0
PAUSE = 0.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of a run; times are in seconds, `rate` is in calls per second."""

    healthy: float = 120.0
    outage: float = 300.0
    connectors: int = 100
    visitors: int = 20
    rate: float = 20.0
    silent: bool = False
    browser: bool = True


@dataclass
class Phase:
    """The measurements of one phase of a run."""

    started_at: float
    ended_at: float = 0.0
    page_loads: list[float] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    # When all open pages showed the age of their data.
    age_shown_at: float | None = None
    pages_without_age: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Run the outage, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=Plan.outage / 60, help="of the outage")
    parser.add_argument("--healthy", type=float, default=Plan.healthy / 60, help="minutes before")
    parser.add_argument("--connectors", type=int, default=Plan.connectors)
    parser.add_argument("--visitors", type=int, default=Plan.visitors, help="open pages")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="calls a second")
    parser.add_argument("--silent", action="store_true", help="send no response")
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    options = vars(parser.parse_args(arguments))
    outage, healthy = 60 * options.pop("minutes"), 60 * options.pop("healthy")
    figures = list(run(Plan(**options, outage=outage, healthy=healthy)))
    print(table(figures))
    return conclude(figures)


def run(plan: Plan) -> Iterator[Figure]:
    """Carry out an outage and yield the figures."""
    open_visitors = in_chromium if plan.browser else in_sessions
    with (
        Upstream(plan.connectors, silent=plan.silent) as upstream,
        servers.dashboard(upstream.server) as product,
        open_visitors(product.url, plan.visitors) as visitors,
        calling(product.url, plan.rate) as calls,
    ):
        _report(f"healthy for {plan.healthy:g} seconds")
        healthy = _observe(visitors, calls, plan.healthy, until_age_shown=False)
        _report(f"outage for {plan.outage:g} seconds")
        upstream.begin_outage()
        outage = _observe(visitors, calls, plan.outage, until_age_shown=True)
        upstream.end_outage()
        _report("recovery")
        routes, pages = _recover(visitors, calls)
    yield from _figures(healthy, outage, visitors.count)
    yield Figure("Recovery", "until responses are fresh again", routes, "s", at_most=MAX_RECOVERY)
    yield Figure("Recovery", "until all pages are fresh again", pages, "s", at_most=MAX_RECOVERY)


def _observe(
    visitors: Visitors, calls: Sequence[Call], seconds: float, *, until_age_shown: bool
) -> Phase:
    """Reload the pages in turn for some seconds, or until the pages and a response show an age."""
    phase, first = Phase(time.monotonic()), len(calls)
    check_at = phase.started_at

    def continues() -> bool:
        now = time.monotonic()
        shown = phase.age_shown_at is not None and any(call.stale for call in calls[first:])
        waiting = until_age_shown and not shown and now < phase.started_at + seconds + TIMEOUT
        return now < phase.started_at + seconds or waiting

    while continues():
        phase.page_loads.append(visitors.reload_next())
        if time.monotonic() >= check_at and phase.age_shown_at is None:
            check_at = time.monotonic() + CHECK_EVERY
            if visitors.count_with_age() == visitors.count:
                phase.age_shown_at = time.monotonic()
        time.sleep(PAUSE)
    phase.ended_at = time.monotonic()
    phase.calls = list(calls[first:])
    phase.pages_without_age = visitors.count - visitors.count_with_age()
    return phase


def _recover(visitors: Visitors, calls: Sequence[Call]) -> tuple[float, float]:
    """Return the seconds until no response and until no page shows an age."""
    started_at, first = time.monotonic(), len(calls)
    while time.monotonic() < started_at + TIMEOUT and visitors.count_with_age():
        time.sleep(PAUSE)
    pages = time.monotonic() - started_at
    while time.monotonic() < started_at + TIMEOUT and not any(map(_is_fresh, calls[first:])):
        time.sleep(PAUSE)
    fresh = (call.at for call in calls[first:] if _is_fresh(call))
    return next(fresh, started_at + TIMEOUT) - started_at, pages


def _is_fresh(call: Call) -> bool:
    return call.short_lived and not call.failed and not call.stale


def _figures(healthy: Phase, outage: Phase, pages: int) -> Iterator[Figure]:
    area = "Outage"
    failed = [call for call in outage.calls if call.failed]
    yield Figure(area, "calls of the routes", len(outage.calls), "")
    yield Figure(
        area, "of them failed, though a cached response exists", len(failed), "", at_most=0
    )
    yield _slower("p95 of the routes", _times(healthy), _times(outage))
    yield _slower("p95 of loading a page", healthy.page_loads, outage.page_loads)
    first = next((call.at for call in outage.calls if call.stale), outage.ended_at)
    later = [call for call in outage.calls if call.at > first and _is_fresh(call)]
    yield Figure(
        area, "until responses show their age", first - outage.started_at, "s", at_most=MAX_UNMARKED
    )
    yield Figure(area, "responses without an age from then on", len(later), "", at_most=0)
    shown = (outage.age_shown_at or outage.ended_at) - outage.started_at
    yield Figure(area, f"until all {pages} pages show their age", shown, "s", at_most=MAX_UNMARKED)
    yield Figure(area, "pages without an age in the end", outage.pages_without_age, "", at_most=0)


def _slower(what: str, healthy: Sequence[float], away: Sequence[float]) -> Figure:
    floor, value = _p95(healthy), _p95(away)
    return Figure("Outage", what, value, "ms", floor, value / floor, at_most=MAX_SLOWDOWN)


def _times(phase: Phase) -> list[float]:
    return [call.milliseconds for call in phase.calls]


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _report(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
