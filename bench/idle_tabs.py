"""What 300 open tabs cost while nothing changes: processor time, and requests to Fivetran.

Each tab has a sign-in of its own. On a busy machine tabs ask for the revision less often; the share
of a core is then reckoned for what they would have asked.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import servers
from bench.figures import Figure
from bench.many_tenants import signed_in
from bench.scale import Scale
from bench.servers import Server
from bench.tabs import INTERVAL, Tab, following, tabs_of
from pbf.sandbox.core.world import GROUP_ID

CONNECTORS = 100
MOST_OF_A_CORE = 20.0
# Two minutes may differ by the list that is read once a minute.
MOST_REQUESTS = 2.0


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure one tab, then all of them, on one process with sign-in."""
    with servers.upstream(CONNECTORS, quiet=True) as upstream, TemporaryDirectory() as folder:
        port = servers.free_port()
        signed = signed_in(Path(folder), port, (GROUP_ID,), sessions=scale.tabs)
        with servers.dashboard(upstream, port=port, settings=signed.settings) as product:
            one = _idle(product, upstream, signed.cookies[:1], scale.idle)
            area, many = "Idle tabs, each of its own session", f"{scale.tabs:,} tabs"
            yield Figure(area, "1 tab: share of a core", one.share, "%")
            all_tabs = _idle(product, upstream, signed.cookies, scale.idle)
            share = all_tabs.share
            yield Figure(area, f"{many}: share of a core", share, "%", at_most=MOST_OF_A_CORE)
            runs, asked = all_tabs.runs / scale.tabs, all_tabs.asked / scale.tabs
            yield Figure(area, f"{many}: runs of a page in each", runs, "")
            yield Figure(area, f"{many}: requests of each to the product", asked, "")
            more = all_tabs.requests - one.requests
            name = f"{many}: requests to Fivetran beyond those of one"
            yield Figure(area, name, more, "", at_most=MOST_REQUESTS)


@dataclass(frozen=True)
class Idle:
    """The share of a core in percent; how often tabs ran their pages, and how often they asked.

    `requests` are those to Fivetran.
    """

    share: float
    runs: int
    asked: int
    requests: int


def _idle(product: Server, upstream: Server, cookies: Sequence[str], seconds: float) -> Idle:
    tabs = tabs_of(product.url, cookies)

    async def measured() -> Idle:
        async with following(tabs):
            return await watched(tabs, (product,), upstream, seconds)

    return asyncio.run(measured())


async def watched(
    tabs: Sequence[Tab], products: Sequence[Server], upstream: Server, seconds: float
) -> Idle:
    """Return what tabs that follow along cost the products for some seconds."""
    await asyncio.sleep(min(INTERVAL, seconds))  # until each tab has asked once
    before, counted = _processor_seconds(products), servers.counted(upstream)
    runs, asked = _totals(tabs)
    started_at = time.monotonic()
    await asyncio.sleep(seconds)
    elapsed = time.monotonic() - started_at
    busy = _processor_seconds(products) - before
    requests = servers.counted(upstream) - counted
    runs, asked = (new - old for new, old in zip(_totals(tabs), (runs, asked), strict=True))
    late = max(1.0, elapsed / INTERVAL * len(tabs) / max(1, asked))
    return Idle(100 * busy / elapsed * late, runs, asked, requests)


def _totals(tabs: Sequence[Tab]) -> tuple[int, int]:
    return sum(tab.runs for tab in tabs), sum(tab.asked for tab in tabs)


def _processor_seconds(products: Sequence[Server]) -> float:
    return sum(product.processor_seconds() for product in products)
