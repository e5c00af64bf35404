"""Pages with a long sync history in a real Chromium, compared with the same without one."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from playwright.sync_api import Browser

from bench import servers
from bench.browser import Condition, chromium, first_load
from bench.figures import Figure, against, in_turns
from bench.history_rows import fill
from bench.scale import Scale
from bench.servers import Server
from pbf.sandbox.core.world import GROUP_ID
from pbf.store.store import Store

# What each page shows last; the first one beside the marks of 90 days.
LAST = "Tasks and warnings"
WITH_MARKS = Condition(".stMain:has(.pbf-marks) [data-testid=stHeading]", text=LAST)
CONNECTOR = Condition("[data-testid=stHeading]", text=LAST)
OVERVIEW = Condition("[data-testid=stVegaLiteChart]", least=4)
# Syncs of each of the other connectors.
FEW = 250


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure the connector page, each time of a connector that was not shown yet, and overview."""
    connectors = sorted(scale.sizes)[-2]
    area = f"With 90 days of syncs, {connectors:,} connectors (floor: the same page without)"
    with (
        TemporaryDirectory() as folder,
        chromium() as browser,
        servers.upstream(connectors) as upstream,
        _dashboard(upstream, Path(folder) / "floor.sqlite3") as floor,
    ):
        listed = requests.get(f"{floor.url}/_/connectors", timeout=60).json()
        # Where Fivetran tells of no success and no failure, the floor shows no syncs.
        ids = [item["id"] for item in listed]
        never = [item["id"] for item in listed if not (item["succeeded_at"] or item["failed_at"])]
        shown = (never or ids)[: scale.rounds + scale.warm_up]
        few = min(FEW, scale.syncs_of_one)
        syncs = dict.fromkeys(ids, few) | dict.fromkeys(shown, scale.syncs_of_one)
        file = Path(folder) / "store.sqlite3"
        _write(file, syncs)
        with _dashboard(upstream, file) as product:
            yield from _pages(browser, area, (product.url, floor.url), shown, scale)


def _pages(
    browser: Browser, area: str, urls: tuple[str, str], shown: Sequence[str], scale: Scale
) -> Iterator[Figure]:
    product = _opening(browser, urls[0], shown, WITH_MARKS)
    floor = _opening(browser, urls[1], shown, CONNECTOR)
    name = f"connector with {scale.syncs_of_one:,} syncs"
    yield against(area, name, "ms", in_turns(scale, product, floor), at_most=1.3)
    pairs = in_turns(
        scale,
        lambda: first_load(browser, urls[0], OVERVIEW),
        lambda: first_load(browser, urls[1], OVERVIEW),
    )
    yield against(area, "overview", "ms", pairs, at_most=1.3)


def _opening(
    browser: Browser, url: str, shown: Sequence[str], condition: Condition
) -> Callable[[], float]:
    """Return what opens the page of the next connector and returns the milliseconds it took."""
    ids = cycle(shown)
    return lambda: first_load(browser, f"{url}/connector?id={next(ids)}", condition)


def _dashboard(upstream: Server, file: Path) -> AbstractContextManager[Server]:
    return servers.dashboard(upstream, settings={"PBF_DATABASE_URL": f"sqlite:///{file}"})


def _write(file: Path, syncs: Mapping[str, int]) -> None:
    url = f"sqlite:///{file}"
    Store(url).close()
    fill(url, GROUP_ID, syncs, time.time())
