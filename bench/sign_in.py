"""What sign-in costs: the start of a page, and routes with a bearer token."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import servers
from bench.browser import Condition, chromium, first_load
from bench.figures import Figure, against, in_turns
from bench.floor import PATHS, TOKEN
from bench.gestures import TABLE
from bench.many_tenants import signed_in
from bench.routes import CALLERS, HEALTH, against_floor, bare_routes
from bench.scale import Scale
from bench.servers import Server
from pbf.sandbox.core.world import GROUP_ID

MAX_PAGE_START = 1.05
CONNECTORS = 1000
SERVICES = 773
SCREENS = (("connectors", TABLE), ("services", Condition("ul.cards > li", least=SERVICES)))
# The bound is close to 1, so more rounds are needed than elsewhere.
MORE_ROUNDS = 3


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure a product with sign-in against the same one without, and its routes."""
    with servers.upstream(CONNECTORS, quiet=True) as upstream:
        yield from _pages(upstream, scale)
        yield from _routes(upstream, scale)


def _pages(upstream: Server, scale: Scale) -> Iterator[Figure]:
    area = "Page start with sign-in (floor: the same without)"
    more = replace(scale, rounds=scale.rounds * MORE_ROUNDS if scale.warm_up else 1)
    with TemporaryDirectory() as folder:
        port = servers.free_port()
        signed = signed_in(Path(folder), port, (GROUP_ID,))
        with (
            servers.dashboard(upstream, port=port, settings=signed.settings) as product,
            servers.dashboard(upstream) as floor,
            chromium() as browser,
        ):
            for screen, condition in SCREENS:
                with_it, without = f"{product.url}/{screen}", f"{floor.url}/{screen}"
                start = partial(first_load, browser, with_it, condition, cookie=signed.cookie)
                pairs = in_turns(more, start, partial(first_load, browser, without, condition))
                yield against(area, screen, "ms", pairs, at_most=MAX_PAGE_START)


def _routes(upstream: Server, scale: Scale) -> Iterator[Figure]:
    area = "Routes alone, with a bearer token (floor: a bare route with the same guard)"
    with TemporaryDirectory() as folder:
        port = servers.free_port()
        signed = signed_in(Path(folder), port, (GROUP_ID,))
        env = servers.account(upstream, **signed.settings)
        token = signed.headers[0]["Authorization"].removeprefix("Bearer ")
        alone = servers.running("pbf", "proxy", health=HEALTH, env=env, port=port)
        with alone as product, bare_routes(product, {**env, TOKEN: token}) as floor:
            for path in PATHS:
                for callers in CALLERS:
                    urls = (f"{product.url}{path}", f"{floor.url}{path}")
                    yield from against_floor(area, *urls, callers, scale, signed.headers[0])
