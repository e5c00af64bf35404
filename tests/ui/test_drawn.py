"""What is measured in a browser: widths and marks, with the styles and templates of the product."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from pbf.rules.timeline.marks import Mark
from pbf.ui.html import render

PBF = Path(__file__).parents[2] / "pbf"
STYLES = (PBF / "ui" / "assets" / "page.css").read_text()
TABLE = PBF / "components" / "connector_table"
BAR = "".join(
    (folder / name).read_text()
    for folder, name in (
        (TABLE.parent / "shared", "page.css"),
        (TABLE, "connector_table.css"),
    )
)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

pytestmark = pytest.mark.browser


@pytest.fixture
def page(window):
    page = window.new_page()
    yield page
    page.close()


def show(page: Page, body: str, *, width: int, styles: str = STYLES) -> None:
    page.set_viewport_size({"width": width, "height": 600})
    page.set_content(f"<style>body {{ margin: 0 }} {styles}</style><div class=stHtml>{body}</div>")


@pytest.mark.parametrize("width", [330, 730])
def test_a_long_name_leaves_room_for_the_columns_beside_it(page, width):
    headers = ("Table", "Synced", "Why it is fixed")
    rows = [("s" * 200 + ".orders", "yes", "Fivetran needs this table.")]

    show(page, render("parts", "table", headers=headers, rows=rows, kind="pbf-locked"), width=width)

    lines = page.locator(".pbf-locked tr > :nth-child(2)").evaluate_all(
        """cells => cells.map(cell => {
          const range = document.createRange();
          range.selectNodeContents(cell);
          return range.getClientRects().length;
        })"""
    )
    assert lines == [1, 1]
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [358, 390, 733])
def test_days_that_were_not_observed_are_one_even_area(page, width):
    day = timedelta(days=1)
    marks = [
        (Mark("unobserved", NOON + at * day, NOON + (at + 1) * day, at / 91, 1 / 91), "")
        for at in range(91)
    ]
    texts = {"last_local": "", "unobserved": "", "alternative": "", "ticks": (), "kinds": {}}

    row = render("timeline", "row", sentences=(), last_success=None, marks=marks, **texts)
    show(page, row, width=width)

    picture = Image.open(BytesIO(page.locator(".pbf-marks").screenshot())).convert("RGB")
    # The last pixel lies outside of the row where its width is rounded.
    lines = (
        {picture.getpixel((x, y)) for x in range(1, picture.width - 2)}
        for y in range(1, picture.height - 1)
    )
    assert max(map(len, lines)) == 1


@pytest.mark.parametrize("width", [390, 1120])
def test_a_search_without_categories_ends_where_the_table_does(page, width):
    markup = (TABLE / "connector_table.html").read_text().replace(" hidden>", ">", 1)
    markup = markup.replace('class="sort kind"', 'class="sort kind" hidden')

    show(page, markup, width=width, styles=BAR)

    right = "element => element.getBoundingClientRect().right"
    assert page.locator(".bar .search").evaluate(right) == page.locator("table").evaluate(right)
