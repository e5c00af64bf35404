"""Gestures on the connector table, compared with the same gestures on ten rows of `st.dataframe`.

The floor is a `st.dataframe` with a live search and pills above it, its own sorting, and row
selection that reruns the script.
"""

import json
from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, Page

from bench.browser import (
    SETTLE_MS,
    Condition,
    click,
    keystroke,
    middle,
    visitor,
    wait_for,
)
from bench.figures import Figure, against, in_turns
from bench.scale import Scale

Times = dict[str, float]

AREA = "Gestures on the connectors (floor: the same on ten rows of st.dataframe)"
WORD = "goo"
TABLE_SEARCH = "#connectors-search"
TABLE = Condition("tr.row", least=10)
GRID = "[data-testid=stDataFrame]"
TEN_ROWS = Condition(f"{GRID} table[role=grid] tbody tr", least=10)

# Probes of the connector table: changes of the count, the rows' order, the bulk action bar.
COUNT = "() => window.changeCount('[data-part=count]')"
ORDER = "() => [...window.first('[data-part=body]').children].map((row) => row.dataset.id).join()"
BAR = "() => window.first('[data-part=bar]').hidden"
# Probe of the floor, which draws on a canvas: a hash of the pixels in a rectangle.
POINTS = """(selector, x, y, width, height) => {
  const canvas = document.querySelector(selector);
  if (!canvas) return "";
  const part = [x, y, width, height].map((length) => length * devicePixelRatio);
  const { data } = canvas.getContext("2d").getImageData(...part);
  return new Uint32Array(data.buffer).reduce((sum, point) => (sum * 31 + point) | 0, canvas.height);
}"""
LINE = 35
BOX, NAMES = 18, 60


def points(x: int, line: int, width: int, lines: int = 1) -> str:
    """Return the probe of some lines of the floor's canvas; the header is line 0."""
    part = [f"{GRID} canvas", x, line * LINE + 8, width, lines * LINE - 16]
    return f"() => ({POINTS})(...{json.dumps(part)})"


def on_product(page: Page) -> Times:
    """Perform each gesture on the connector table."""
    choose = click(page, middle(page, "tr.row [data-pick]"), BAR)
    sort = click(page, middle(page, "th.connector button"), ORDER)
    search = keystroke(page, TABLE_SEARCH, COUNT, WORD)
    _clear(page)
    filtered = click(page, middle(page, ".chip:nth-child(2)"), COUNT)
    return {"search": search, "filter": filtered, "sort": sort, "choose a row": choose}


def on_floor(page: Page) -> Times:
    """Perform each gesture on the ten rows; `st.dataframe` selects a row on pointerdown."""
    canvas = page.locator(f"{GRID} canvas").first.bounding_box()
    if canvas is None:
        raise RuntimeError("the ten rows are not visible")
    left, top = canvas["x"], canvas["y"]
    box, header = (left + BOX, top + 1.5 * LINE), (left + NAMES, top + 0.5 * LINE)
    choose = click(page, box, points(BOX - 8, 1, 16), event="pointerdown")
    sort = click(page, header, points(NAMES, 1, 60))
    search = keystroke(page, "[data-testid=stTextInput] input", points(NAMES, 1, 60, 10), WORD)
    _clear(page)
    pill = middle(page, "[data-testid=stButtonGroup] button")
    filtered = click(page, pill, points(NAMES, 1, 60, 10))
    return {"search": search, "filter": filtered, "sort": sort, "choose a row": choose}


def figures(
    browser: Browser, product: str, floor: str, size: int, scale: Scale
) -> Iterator[Figure]:
    """Perform the gestures alternately on a table of so many connectors and on the ten rows."""

    def perform(url: str, ready: Condition, gestures: Callable[[Page], Times]) -> Times:
        with visitor(browser) as page:
            page.goto(url)
            wait_for(page, ready)
            page.wait_for_timeout(4 * SETTLE_MS)
            return gestures(page)

    pairs = in_turns(
        scale,
        lambda: perform(f"{product}/connectors", TABLE, on_product),
        lambda: perform(f"{floor}/search-table", TEN_ROWS, on_floor),
    )
    for name in pairs[0][0]:
        times = [(value[name], base[name]) for value, base in pairs]
        yield against(AREA, f"{name}, {size:,} connectors", "ms", times, at_most=1.5)


def _clear(page: Page) -> None:
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.wait_for_timeout(2 * SETTLE_MS)
