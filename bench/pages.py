"""The time until each screen is shown in a real Chromium, compared with minimal Streamlit pages."""

from collections.abc import Callable, Iterator
from statistics import median

import requests
from playwright.sync_api import Browser

from bench import gestures, servers
from bench.browser import (
    SETTLE_MS,
    Condition,
    bytes_received,
    chromium,
    first_load,
    keystroke,
    visitor,
    wait_for,
)
from bench.figures import Figure, against, in_turns
from bench.gestures import COUNT, TABLE, TABLE_SEARCH, TEN_ROWS, WORD
from bench.relay import Line
from bench.scale import Scale
from pbf.sandbox.core.world import GROUP_ID
from pbf.signed_links import Signer

SERVICES = 773
EMPTY = Condition("[data-testid=stMarkdownContainer]", text="empty")
GALLERY = Condition("ul.cards > li", least=SERVICES)
NAME = Condition("[data-testid=stTextInput] input")
FRAME = 1000 / 60
GALLERY_SEARCH = "#gallery-search"


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure every screen at each relevant number of connectors."""
    with chromium() as browser, servers.floor() as floor:
        usual = sorted(scale.sizes)[-2]
        with servers.upstream(usual) as upstream, servers.dashboard(upstream) as product:
            yield from _gallery(browser, product.url, floor.url, scale)
            yield from _first_load(browser, product.url, scale)
            yield from _connect_flow(browser, product.url, floor.url, scale)
        yield from _tables(browser, floor.url, scale)


def _gallery(browser: Browser, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "Gallery, 773 services (floor: an empty Streamlit page)"
    pairs = in_turns(
        scale,
        lambda: first_load(browser, f"{product}/services", GALLERY),
        lambda: first_load(browser, floor, EMPTY),
    )
    yield against(area, "all cards drawn, cold", "ms", pairs, at_most=1.25)
    key, messages = _gallery_keystroke(browser, product, scale)
    yield Figure(area, "a keystroke to filtered cards", key, "ms", at_most=3 * FRAME)
    yield Figure(area, "messages to the server for it", float(messages), "", at_most=0)


def _gallery_keystroke(browser: Browser, product: str, scale: Scale) -> tuple[float, int]:
    """Return the milliseconds from a key to the filtered cards, and the messages sent for it."""
    sent: list[object] = []
    keys = []
    for _ in range(scale.warm_up + scale.rounds):
        with visitor(browser) as page:
            page.on(
                "websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame))
            )
            page.goto(f"{product}/services")
            wait_for(page, GALLERY)
            page.wait_for_timeout(SETTLE_MS)
            sent.clear()
            keys.append(keystroke(page, GALLERY_SEARCH, COUNT, WORD))
    return median(keys[scale.warm_up :]), len(sent)


def _first_load(browser: Browser, product: str, scale: Scale) -> Iterator[Figure]:
    area = "First load of the gallery, 10 Mbit/s and 40 ms (floor: the same, uncompressed)"
    url = f"{product}/services"
    yield Figure(area, "moved", bytes_received(browser, url, GALLERY) / 1e6, "MB", at_most=1.3)
    pairs = in_turns(
        scale,
        lambda: first_load(browser, url, GALLERY, line=Line()),
        lambda: first_load(browser, url, GALLERY, line=Line(), compressed=False),
    )
    yield against(area, "all cards drawn", "ms", pairs, at_most=0.75)


def _connect_flow(browser: Browser, product: str, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "On the way (floor: an empty Streamlit page)"
    signer = Signer(servers.SIGNING_KEY)
    connector = requests.get(f"{product}/_/connectors", timeout=30).json()[0]["id"]

    def come_back() -> float:
        state = signer.state(GROUP_ID, connector_id=connector)
        return first_load(browser, f"{product}/_/return?state={state}", TABLE)

    loads: tuple[tuple[str, Callable[[], float]], ...] = (
        ("connect page", lambda: first_load(browser, f"{product}/connect?service=stripe", NAME)),
        ("back from the Connect Card", come_back),
    )
    for name, value in loads:
        pairs = in_turns(scale, value, lambda: first_load(browser, floor, EMPTY))
        yield against(area, name, "ms", pairs)


def _tables(browser: Browser, floor: str, scale: Scale) -> Iterator[Figure]:
    area = "Connectors (floor: a Streamlit page with a ten-row st.dataframe)"
    loads: dict[int, float] = {}
    keys: dict[int, float] = {}
    for size in scale.sizes:
        with servers.upstream(size) as upstream, servers.dashboard(upstream) as product:
            pairs = in_turns(
                scale,
                lambda url=product.url: first_load(browser, f"{url}/connectors", TABLE),  # type: ignore[misc]
                lambda: first_load(browser, f"{floor}/table", TEN_ROWS),
            )
            keys[size] = _search(browser, product.url, scale)
            if size == max(scale.sizes):
                gesture_figures = list(gestures.figures(browser, product.url, floor, size, scale))
        bound = 1.2 if size == max(scale.sizes) else None
        yield (figure := against(area, f"{size:,} connectors, cold", "ms", pairs, at_most=bound))
        loads[size] = figure.value
    yield from _growth(area, loads, keys)
    yield from gesture_figures


def _search(browser: Browser, product: str, scale: Scale) -> float:
    """Return the milliseconds from a key in the search field to the filtered rows."""
    taken = []
    for _ in range(scale.warm_up + scale.rounds):
        with visitor(browser) as page:
            page.goto(f"{product}/connectors")
            wait_for(page, TABLE)
            page.wait_for_timeout(SETTLE_MS)
            taken.append(keystroke(page, TABLE_SEARCH, COUNT, WORD))
    return median(taken[scale.warm_up :])


def _growth(area: str, loads: dict[int, float], keys: dict[int, float]) -> Iterator[Figure]:
    least, small, most = min(loads), sorted(loads)[1], max(loads)
    for size in sorted(loads)[2:]:
        bound = 1.5 if size == most else None
        name = f"{size:,} against {small:,}, cold"
        yield against(area, name, "ms", [(loads[size], loads[small])], at_most=bound)
    # The bound of a keystroke is its time on ten rows of `st.dataframe`: see `gestures`.
    for size in sorted(keys)[1:]:
        name = f"a keystroke among {size:,} against {least:,}"
        yield against(area, name, "ms", [(keys[size], keys[least])])
