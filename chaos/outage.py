"""python -m chaos.outage: Fivetran goes away under open pages and a load on the routes.

Healthy minutes come first, so that what is slower while it is away is told as a ratio. Ends with
exit status 1 if an answer failed, an age was not told, something was slow or did not recover.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench import servers
from bench.figures import Figure, table
from chaos.callers import Call, calling
from chaos.upstream import Upstream
from chaos.visitors import Visitors, in_chromium, in_sessions

SLOWER = 1.5
FRESH_WITHIN = 30.0
LOOK_EVERY = 5.0
# Until a list is old it may stay unmarked, and what follows along looks every three seconds.
SOON = 30.0
PATIENCE = 120.0
PAUSE = 0.2


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large a run is; times are seconds, `rate` is calls a second."""

    healthy: float = 120.0
    away: float = 300.0
    connectors: int = 100
    visitors: int = 20
    rate: float = 20.0
    silent: bool = False
    browser: bool = True


@dataclass
class Phase:
    """What happened from one moment to another."""

    begun: float
    ended: float = 0.0
    gestures: list[float] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    # When all open pages told the age of what they show.
    told_at: float | None = None
    silent_pages: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Run it, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.outage", description=__doc__)
    parser.add_argument("--minutes", type=float, default=Plan.away / 60, help="of the outage")
    parser.add_argument("--healthy", type=float, default=Plan.healthy / 60, help="minutes before")
    parser.add_argument("--connectors", type=int, default=Plan.connectors)
    parser.add_argument("--visitors", type=int, default=Plan.visitors, help="open pages")
    parser.add_argument("--rate", type=float, default=Plan.rate, help="calls a second")
    parser.add_argument("--silent", action="store_true", help="say nothing, instead of refusing")
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    chosen = vars(parser.parse_args(arguments))
    away, healthy = 60 * chosen.pop("minutes"), 60 * chosen.pop("healthy")
    found = list(run(Plan(**chosen, away=away, healthy=healthy)))
    print(table(found))
    good = not any(figure.verdict == "falls short" for figure in found)
    print("\nholds" if good else "\nfalls short")
    return 0 if good else 1


def run(plan: Plan) -> Iterator[Figure]:
    """Let Fivetran go away and come back, and yield what that meant."""
    opened = in_chromium if plan.browser else in_sessions
    with (
        Upstream(plan.connectors, silent=plan.silent) as far,
        servers.dashboard(far.server) as ours,
        opened(ours.url, plan.visitors) as visitors,
        calling(ours.url, plan.rate) as calls,
    ):
        _say(f"healthy for {plan.healthy:g} seconds")
        healthy = _watch(visitors, calls, plan.healthy, until_told=False)
        _say(f"away for {plan.away:g} seconds")
        far.go_away()
        away = _watch(visitors, calls, plan.away, until_told=True)
        far.come_back()
        _say("back")
        answers, pages = _recover(visitors, calls)
    yield from _figures(healthy, away, visitors.count)
    yield Figure("Back", "until answers are fresh again", answers, "s", at_most=FRESH_WITHIN)
    yield Figure("Back", "until all pages are, too", pages, "s", at_most=FRESH_WITHIN)


def _watch(visitors: Visitors, calls: Sequence[Call], seconds: float, *, until_told: bool) -> Phase:
    """Go to one page after the other for a while, and look now and then what they tell.

    With `until_told` it goes on until all pages have told the age of what they show, and a call
    has got an answer with its age, unless that takes longer than anybody has patience.
    """
    phase, first = Phase(time.monotonic()), len(calls)
    look_at = phase.begun

    def goes_on() -> bool:
        now = time.monotonic()
        told = phase.told_at is not None and any(call.aged for call in calls[first:])
        waits = until_told and not told and now < phase.begun + seconds + PATIENCE
        return now < phase.begun + seconds or waits

    while goes_on():
        phase.gestures.append(visitors.gesture())
        if time.monotonic() >= look_at and phase.told_at is None:
            look_at = time.monotonic() + LOOK_EVERY
            if visitors.told() == visitors.count:
                phase.told_at = time.monotonic()
        time.sleep(PAUSE)
    phase.ended = time.monotonic()
    phase.calls = list(calls[first:])
    phase.silent_pages = visitors.count - visitors.told()
    return phase


def _recover(visitors: Visitors, calls: Sequence[Call]) -> tuple[float, float]:
    """Return the seconds until no answer, and those until no page tells an age any more."""
    begun, first = time.monotonic(), len(calls)
    while time.monotonic() < begun + PATIENCE and visitors.told():
        time.sleep(PAUSE)
    pages = time.monotonic() - begun
    while time.monotonic() < begun + PATIENCE and not any(map(_is_fresh, calls[first:])):
        time.sleep(PAUSE)
    fresh = (call.at for call in calls[first:] if _is_fresh(call))
    return next(fresh, begun + PATIENCE) - begun, pages


def _is_fresh(call: Call) -> bool:
    return call.ageing and not call.failed and not call.aged


def _figures(healthy: Phase, away: Phase, pages: int) -> Iterator[Figure]:
    area = "Away"
    failed = [call for call in away.calls if call.failed]
    yield Figure(area, "calls of the routes", len(away.calls), "")
    yield Figure(area, "of them failed, though an answer is known", len(failed), "", at_most=0)
    yield _slower("p95 of the routes", _times(healthy), _times(away))
    yield _slower("p95 of going to a page", healthy.gestures, away.gestures)
    first = next((call.at for call in away.calls if call.aged), away.ended)
    later = [call for call in away.calls if call.at > first and _is_fresh(call)]
    yield Figure(area, "until answers tell their age", first - away.begun, "s", at_most=SOON)
    yield Figure(area, "answers without it from then on", len(later), "", at_most=0)
    told = (away.told_at or away.ended) - away.begun
    yield Figure(area, f"until all {pages} pages tell their age", told, "s", at_most=SOON)
    yield Figure(area, "pages without it in the end", away.silent_pages, "", at_most=0)


def _slower(what: str, healthy: Sequence[float], away: Sequence[float]) -> Figure:
    floor, value = _p95(healthy), _p95(away)
    return Figure("Away", what, value, "ms", floor, value / floor, at_most=SLOWER)


def _times(phase: Phase) -> list[float]:
    return [call.milliseconds for call in phase.calls]


def _p95(taken: Sequence[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
