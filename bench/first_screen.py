"""The first screen: its first cards against a React client's gallery, and how it is taken over."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from statistics import median

from playwright.sync_api import Browser

from bench import gallery_client, servers
from bench.browser import (
    Condition,
    chromium,
    first_load,
    first_paint,
    load,
    visitor,
    wait_for,
)
from bench.figures import Figure, against, in_turns
from bench.gestures import TABLE
from bench.pages import EMPTY, GALLERY, SERVICES
from bench.relay import Line, Relay
from bench.scale import Scale

FIRST_CARDS = Condition("li.card", least=9, first=True)
FIRST_ROWS = replace(TABLE, first=True)
REACT = Condition("#root li.card", least=SERVICES)
CONNECTORS = 100
# A fast 3G line.
FAST_3G = Line(bits=1.6e6, round_trip=0.15)
# Each load of Streamlit's page takes thirteen seconds on it.
SLOW_ROUNDS = 3

# Resolves once a search in the real gallery filters its cards.
SEARCHED = """
window.withTimeout(new Promise((resolve) => {
  const check = () => {
    const isFirst = document.getElementById("pbf-first");
    if (isFirst || !window.isShown({ selector: ".card" })) return requestAnimationFrame(check);
    const search = window.first("[data-part=search]");
    search.value = "salesforce";
    search.dispatchEvent(new Event("input"));
    return requestAnimationFrame(() => resolve(performance.now()));
  };
  check();
}), "the search")
"""
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure both pages, and the gallery on a fast 3G line."""
    with (
        chromium() as browser,
        servers.upstream(CONNECTORS) as upstream,
        servers.dashboard(upstream) as product,
        servers.floor({**servers.account(upstream), "BENCH_LIKE": product.url}) as floor,
    ):
        yield from _painted(browser, product.url, floor.url, scale)
        yield from _usable(browser, product.url, floor.url, scale)
        yield from _on_fast_3g(browser, product.url, floor.url, scale)


def _painted(browser: Browser, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "First screen (floor: a React client's gallery)"
    react = partial(first_paint, browser, f"{floor}{gallery_client.PATH}", REACT)
    for path, condition, bound in (
        ("services", FIRST_CARDS, 0.5),
        ("connectors", FIRST_ROWS, None),
    ):
        ours = partial(first_paint, browser, f"{product}/{path}", condition)
        pairs = in_turns(scale, ours, react)
        what = f"first {'cards' if path == 'services' else 'rows'} painted, cold"
        yield against(area, what, "ms", pairs, at_most=bound)


def _usable(browser: Browser, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "First screen, taken over (floor: an empty Streamlit page)"
    shifts: list[float] = []

    def search() -> float:
        with visitor(browser) as page:
            page.add_init_script(SHIFTS)
            page.goto(f"{product}/services", wait_until="commit")
            answered = float(page.evaluate(SEARCHED))
            shifts.append(float(page.evaluate("window.shifts")))
            return answered

    pairs = in_turns(scale, search, lambda: first_load(browser, floor, EMPTY))
    yield against(area, "the gallery's search answers, cold", "ms", pairs, at_most=1.25)
    yield Figure(area, "layout shift until then", median(shifts), "", at_most=0.01)


def _on_fast_3g(browser: Browser, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "First load of the gallery on fast 3G (floor: an empty Streamlit page)"
    firsts: list[float] = []

    def gallery() -> float:
        with Relay(FAST_3G) as relay, visitor(browser, relay=relay) as page:
            firsts.append(load(page, f"{product}/services", FIRST_CARDS))
            return wait_for(page, GALLERY)

    few = replace(scale, rounds=min(scale.rounds, SLOW_ROUNDS), warm_up=0)
    pairs = in_turns(few, gallery, lambda: first_load(browser, floor, EMPTY, line=FAST_3G))
    yield against(area, "all cards drawn", "ms", pairs, at_most=0.7)
    yield Figure(area, "first cards", median(firsts), "ms")
