"""The routes at 1 and at 32 callers, alone and beside Streamlit, against bare routes there."""

from collections.abc import Iterator

import requests

from bench import servers
from bench.figures import Figure, against, in_turns
from bench.floor import ENCODING, PATHS
from bench.load import Load, measure
from bench.scale import Scale

CALLERS = (1, 32)
HEALTH = "/_/healthz"
LEAST_RATE = 0.8
MOST_P99 = 1.3
ACCEPT = {"Accept-Encoding": ENCODING}


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure both ways of serving the routes, warm: nothing moves, so the lists live for long."""
    with servers.upstream(1000, quiet=True) as far:
        alone = servers.running("pbf", "proxy", health=HEALTH, env=servers.account(far))
        with alone as ours:
            bare = servers.running("bench.floor", "--like", ours.url, health=PATHS[0])
            with bare as floor:
                yield from _figures("Routes alone (waitress)", ours.url, floor.url, scale)
        with (
            servers.dashboard(far) as ours,
            servers.floor({"BENCH_LIKE": ours.url}) as floor,
        ):
            yield from _figures("Routes beside Streamlit", ours.url, floor.url, scale)
    yield from _growth(scale)


def _growth(scale: Scale) -> Iterator[Figure]:
    """Measure the list of connectors alone, the more of them there are."""
    for size in scale.sizes[1:]:
        with (
            servers.upstream(size, quiet=True) as far,
            servers.running("pbf", "proxy", health=HEALTH, env=servers.account(far)) as ours,
            servers.running("bench.floor", "--like", ours.url, health=PATHS[0]) as bare,
        ):
            rounds = _loads(f"{ours.url}{PATHS[1]}", f"{bare.url}{PATHS[1]}", CALLERS[-1], scale)
        rates = [(one.rate, other.rate) for one, other in rounds]
        name = f"connectors, {size:,} of them, {_of(CALLERS[-1])}: requests a second"
        yield against("Routes alone, the more connectors", name, "/s", rates)


def _figures(area: str, ours: str, floor: str, scale: Scale) -> Iterator[Figure]:
    for path in PATHS:
        for callers in CALLERS:
            yield from _against_floor(area, f"{ours}{path}", f"{floor}{path}", callers, scale)
    yield from _unchanged(area, f"{ours}{PATHS[0]}", scale)


def _against_floor(area: str, url: str, bare: str, callers: int, scale: Scale) -> Iterator[Figure]:
    name = f"{url.rpartition('/')[2]}, {_of(callers)}"
    rounds = _loads(url, bare, callers, scale)
    rates = [(one.rate, other.rate) for one, other in rounds]
    tails = [(one.p99, other.p99) for one, other in rounds]
    yield against(area, f"{name}: requests a second", "/s", rates, at_least=LEAST_RATE)
    yield against(area, f"{name}: p99", "ms", tails, at_most=MOST_P99)


def _unchanged(area: str, url: str, scale: Scale) -> Iterator[Figure]:
    """Measure 304 answers against the full ones of the same route."""
    etag = requests.get(url, headers=ACCEPT, timeout=30).headers["ETag"]
    rounds = in_turns(
        scale,
        lambda: (
            measure(
                url, callers=32, seconds=scale.seconds, headers={**ACCEPT, "If-None-Match": etag}
            ).rate
        ),
        lambda: measure(url, callers=32, seconds=scale.seconds, headers=ACCEPT).rate,
    )
    name = f"304 against 200, {_of(32)}: requests a second"
    yield against(area, name, "/s", rounds, at_least=1.0)


def _loads(url: str, bare: str, callers: int, scale: Scale) -> list[tuple[Load, Load]]:
    def load(address: str) -> Load:
        return measure(address, callers=callers, seconds=scale.seconds, headers=ACCEPT)

    return in_turns(scale, lambda: load(url), lambda: load(bare))


def _of(callers: int) -> str:
    return "1 caller" if callers == 1 else f"{callers} callers"
