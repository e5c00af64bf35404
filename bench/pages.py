"""What a person waits for, in a real Chromium, against the least that Streamlit can show."""

from collections.abc import Callable, Iterator
from statistics import median

import requests
from playwright.sync_api import Browser

from bench import gestures, servers
from bench.browser import (
    SETTLED,
    Link,
    Wanted,
    chromium,
    first_load,
    keystroke,
    moved,
    visitor,
    wait_for,
)
from bench.figures import Figure, against, in_turns
from bench.gestures import COUNT, TABLE, TABLE_SEARCH, TEN_ROWS, WORD
from bench.scale import Scale
from pbf.connectors.connect_card import Signer
from pbf.sandbox.core.world import GROUP_ID

SERVICES = 773
EMPTY = Wanted("[data-testid=stMarkdownContainer]", text="empty")
GALLERY = Wanted("ul.cards > li", least=SERVICES)
NAME = Wanted("[data-testid=stTextInput] input")
FRAME = 1000 / 60
GALLERY_SEARCH = "#gallery-search"


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure every screen, at each size that matters to it."""
    with chromium() as browser, servers.floor() as floor:
        usual = sorted(scale.sizes)[-2]
        with servers.upstream(usual) as far, servers.dashboard(far) as ours:
            yield from _gallery(browser, ours.url, floor.url, scale)
            yield from _first_load(browser, ours.url, scale)
            yield from _ways(browser, ours.url, floor.url, scale)
        yield from _tables(browser, floor.url, scale)


def _gallery(browser: Browser, ours: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "Gallery, 773 services (floor: an empty Streamlit page)"
    pairs = in_turns(
        scale,
        lambda: first_load(browser, f"{ours}/services", GALLERY),
        lambda: first_load(browser, floor, EMPTY),
    )
    yield against(area, "all cards drawn, cold", "ms", pairs, at_most=1.25)
    sent: list[object] = []
    keys = []
    for _ in range(scale.warm_up + scale.rounds):
        with visitor(browser) as page:
            page.on("websocket", lambda link: link.on("framesent", lambda one: sent.append(one)))
            page.goto(f"{ours}/services")
            wait_for(page, GALLERY)
            page.wait_for_timeout(SETTLED)
            sent.clear()
            keys.append(keystroke(page, GALLERY_SEARCH, COUNT, WORD))
    yield Figure(
        area,
        "a keystroke to filtered cards",
        median(keys[scale.warm_up :]),
        "ms",
        at_most=3 * FRAME,
    )
    yield Figure(area, "messages to the server for it", float(len(sent)), "", at_most=0)


def _first_load(browser: Browser, ours: str, scale: Scale) -> Iterator[Figure]:
    area = "First load of the gallery, 10 Mbit/s and 40 ms (floor: the same, uncompressed)"
    url = f"{ours}/services"
    yield Figure(area, "moved", moved(browser, url, GALLERY) / 1e6, "MB", at_most=1.3)
    pairs = in_turns(
        scale,
        lambda: first_load(browser, url, GALLERY, link=Link()),
        lambda: first_load(browser, url, GALLERY, link=Link(compressed=False)),
    )
    yield against(area, "all cards drawn", "ms", pairs, at_most=0.75)


def _ways(browser: Browser, ours: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "On the way (floor: an empty Streamlit page)"
    signer = Signer(servers.SIGNING_KEY)
    connector = requests.get(f"{ours}/_/connectors", timeout=30).json()[0]["id"]

    def back() -> float:
        state = signer.state(GROUP_ID, connector_id=connector)
        return first_load(browser, f"{ours}/_/return?state={state}", TABLE)

    ways: tuple[tuple[str, Callable[[], float]], ...] = (
        ("connect page", lambda: first_load(browser, f"{ours}/connect?service=stripe", NAME)),
        ("back from the Connect Card", back),
    )
    for name, value in ways:
        pairs = in_turns(scale, value, lambda: first_load(browser, floor, EMPTY))
        yield against(area, name, "ms", pairs)


def _tables(browser: Browser, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "Connectors (floor: a Streamlit page with a ten-row st.dataframe)"
    loads: dict[int, float] = {}
    keys: dict[int, float] = {}
    for size in scale.sizes:
        with servers.upstream(size) as far, servers.dashboard(far) as ours:
            pairs = in_turns(
                scale,
                lambda url=ours.url: first_load(browser, f"{url}/connectors", TABLE),  # type: ignore[misc]
                lambda: first_load(browser, f"{floor}/table", TEN_ROWS),
            )
            keys[size] = _search(browser, ours.url, scale)
            if size == max(scale.sizes):
                done = list(gestures.figures(browser, ours.url, floor, size, scale))
        bound = 1.2 if size == max(scale.sizes) else None
        yield (figure := against(area, f"{size:,} connectors, cold", "ms", pairs, at_most=bound))
        loads[size] = figure.value
    yield from _growth(area, loads, keys)
    yield from done


def _search(browser: Browser, ours: str, scale: Scale) -> float:
    """Return the milliseconds from a key in the search to its result among the rows."""
    taken = []
    for _ in range(scale.warm_up + scale.rounds):
        with visitor(browser) as page:
            page.goto(f"{ours}/connectors")
            wait_for(page, TABLE)
            page.wait_for_timeout(SETTLED)
            taken.append(keystroke(page, TABLE_SEARCH, COUNT, WORD))
    return median(taken[scale.warm_up :])


def _growth(area: str, loads: dict[int, float], keys: dict[int, float]) -> Iterator[Figure]:
    least, small, most = min(loads), sorted(loads)[1], max(loads)
    for size in sorted(loads)[2:]:
        bound = 1.5 if size == most else None
        name = f"{size:,} against {small:,}, cold"
        yield against(area, name, "ms", [(loads[size], loads[small])], at_most=bound)
    # What bounds a keystroke is the same on ten rows of Streamlit's own: see `gestures`.
    for size in sorted(keys)[1:]:
        name = f"a keystroke among {size:,} against {least:,}"
        yield against(area, name, "ms", [(keys[size], keys[least])])
