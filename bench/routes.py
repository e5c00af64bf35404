"""The routes with 1 and 32 callers, alone and beside Streamlit, compared with bare routes."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager

import requests

from bench import servers
from bench.figures import Figure, against, in_turns
from bench.floor import ENCODING, PATHS
from bench.load import Load, measure
from bench.scale import Scale
from bench.servers import Server

CALLERS = (1, 32)
HEALTH = "/_/healthz"
MIN_RATE = 0.8
MAX_P99 = 1.3
ACCEPT = {"Accept-Encoding": ENCODING}


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure both ways of serving the routes, warm: connectors are paused, so lists stay fresh."""
    with servers.upstream(1000, quiet=True) as upstream:
        alone = servers.running("pbf", "proxy", health=HEALTH, env=servers.account(upstream))
        with alone as product, bare_routes(product, servers.account(upstream)) as floor:
            yield from _figures("Routes alone (waitress)", product.url, floor.url, scale)
        with (
            servers.dashboard(upstream) as product,
            servers.floor({**servers.account(upstream), "BENCH_LIKE": product.url}) as floor,
        ):
            yield from _figures("Routes beside Streamlit", product.url, floor.url, scale)
    yield from growth(scale)


def bare_routes(product: Server, env: Mapping[str, str]) -> AbstractContextManager[Server]:
    """Run the floor of a product's routes, which knows the same people."""
    return servers.running("bench.floor", "--like", product.url, health=PATHS[0], env=env)


def growth(scale: Scale) -> Iterator[Figure]:
    """Measure the connector list alone with a growing number of connectors."""
    for size in scale.sizes[1:]:
        with (
            servers.upstream(size, quiet=True) as upstream,
            servers.running(
                "pbf", "proxy", health=HEALTH, env=servers.account(upstream)
            ) as product,
            bare_routes(product, servers.account(upstream)) as bare,
        ):
            rounds = loads(f"{product.url}{PATHS[1]}", f"{bare.url}{PATHS[1]}", CALLERS[-1], scale)
        rates = [(load.rate, floor.rate) for load, floor in rounds]
        name = f"connectors, {size:,} of them, {_caller_count(CALLERS[-1])}: requests a second"
        yield against("Routes alone, the more connectors", name, "/s", rates)


def _figures(area: str, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    for path in PATHS:
        for callers in CALLERS:
            yield from against_floor(area, f"{product}{path}", f"{floor}{path}", callers, scale)
    yield from _unchanged(area, f"{product}{PATHS[0]}", scale)


def against_floor(
    area: str,
    url: str,
    bare: str,
    callers: int,
    scale: Scale,
    headers: Mapping[str, str] | None = None,
) -> Iterator[Figure]:
    """Measure a route and its floor."""
    name = f"{url.rpartition('/')[2]}, {_caller_count(callers)}"
    rounds = loads(url, bare, callers, scale, headers)
    rates = [(load.rate, floor.rate) for load, floor in rounds]
    tails = [(load.p99, floor.p99) for load, floor in rounds]
    yield against(area, f"{name}: requests a second", "/s", rates, at_least=MIN_RATE)
    yield against(area, f"{name}: p99", "ms", tails, at_most=MAX_P99)


def _unchanged(area: str, url: str, scale: Scale) -> Iterator[Figure]:
    """Compare 304 responses with full responses of the same route."""
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
    name = f"304 against 200, {_caller_count(32)}: requests a second"
    yield against(area, name, "/s", rounds, at_least=1.0)


def loads(
    url: str, bare: str, callers: int, scale: Scale, headers: Mapping[str, str] | None = None
) -> list[tuple[Load, Load]]:
    """Load a route and its floor in turns."""
    sent = {**ACCEPT, **(headers or {})}

    def load(address: str) -> Load:
        return measure(address, callers=callers, seconds=scale.seconds, headers=sent)

    return in_turns(scale, lambda: load(url), lambda: load(bare))


def _caller_count(callers: int) -> str:
    return "1 caller" if callers == 1 else f"{callers} callers"
