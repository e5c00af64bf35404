"""What others wrote is shown letter by letter, at every width, and every chart can be seen."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser import steps
from tests.browser.conftest import Visitor
from tests.browser.plain_account import connection, fivetran, tables
from tests.support.servers import ROOT, dashboard
from tests.support.variants import exhaustive

LONG = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghi"
HOSTILE = (
    "No `svc` on C:\\d\\_in_: $12$ or *all*; see https://example.org/a?b=1, www.a.org, "
    "a@b.org or [here](https://example.org) :material/add: :smile: :red[now] ~~old~~ <b>x</b> "
    "&lt;i&gt; -> 1. &#58;tada&#58;"
)
NAMES = [
    HOSTILE,
    "# Heading",
    "1. First :100:",
    "=HYPERLINK(1);=2",
    "🎉 :smile: launch",
    "עברית (1)",
    LONG,
]
PAGES = ("/", "/services", "/connectors", "/connector?id=c0", "/tables?id=c0", "/activity")
PAGES += ("/connect?service=hubspot", f"/connector?id={LONG}")
# All other pages; some only say there what they need.
OTHERS = tuple(
    f"/{file.stem}"
    for file in sorted((ROOT / "pages").glob("*.py"))
    if file.stem != "overview" and not any(path.startswith(f"/{file.stem}") for path in PAGES)
)
# What a reader of Markdown would have made of it.
MADE = (
    "a[href*='example.org'], a[href*='a.org'], a[href^=mailto], .katex, em, del, i, b, "
    "[role=img]:not(.pbf-marks)"
)
WIDER = "element => element.scrollWidth - element.clientWidth"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on an account full of text that Markdown, HTML or a narrow window minds."""
    there = [connection(number, name, task=HOSTILE) for number, name in enumerate(NAMES)]
    folder = tmp_path_factory.mktemp("hostile")
    source = tables(*NAMES)
    with (
        fivetran(there, service=f"{LONG} :smile:", schemas=source, refusal=HOSTILE) as settings,
        dashboard(folder, **settings) as url,
    ):
        yield url


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(0, id="none"),
        exhaustive(1, id="one"),
        exhaustive(2, id="two"),
        pytest.param(12, id="many"),
    ],
)
def healthy(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[str, int]]:
    """The dashboard on an account where all is well, with so many connectors."""
    there = [connection(number, f"well_{number}") for number in range(request.param)]
    with (
        fivetran(there, schemas=tables("orders")) as settings,
        dashboard(tmp_path_factory.mktemp("healthy"), **settings) as url,
    ):
        yield url, request.param


def warnings_of(page: Page) -> list[str]:
    """What the console warns of from now on."""
    warnings: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "warning":
            warnings.append(message.text)

    page.on("console", note)
    return warnings


def go(visitor: Visitor, url: str) -> None:
    visitor.page.goto(url)
    visitor.settle()


def expect_to_fit(page: Page) -> None:
    assert page.locator("html").evaluate(WIDER) <= 0
    assert page.get_by_test_id("stMain").evaluate(WIDER) <= 0


def expect_charts(page: Page) -> None:
    """Every chart shows a bar that is not cut off."""
    charts = page.get_by_test_id("stVegaLiteChart").locator("svg.marks")
    expect(charts).to_have_count(5)
    for chart in charts.all():
        whole = chart.bounding_box()
        bars = [bar.bounding_box() for bar in chart.locator(".mark-rect path").all()]
        highest = max((bar for bar in bars if bar), key=lambda bar: bar["height"])
        assert whole
        assert highest["height"] >= 12
        assert whole["y"] <= highest["y"]
        assert highest["y"] + highest["height"] <= whole["y"] + whole["height"]


@pytest.mark.parametrize(("width", "scheme"), [exhaustive(1280, "light"), (390, "dark")])
def test_no_page_is_wider_than_its_window_and_nothing_is_read_as_markdown(
    hostile, visit, width, scheme
):
    visitor = visit(hostile)
    visitor.page.set_viewport_size({"width": width, "height": 900})
    visitor.page.emulate_media(color_scheme=scheme)
    warnings = warnings_of(visitor.page)

    for path in PAGES + OTHERS:
        go(visitor, hostile + path)

        expect_to_fit(visitor.page)
        expect(visitor.page.get_by_test_id("stMain").locator(MADE)).to_have_count(0)
    assert warnings == []


def test_what_fivetran_says_is_shown_letter_by_letter_where_it_goes_wrong(hostile, visit):
    page = visit(f"{hostile}/connector?id=c0").page
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)

    page.get_by_role("button", name="Sync now").click()

    box = page.get_by_role("alert").filter(has_text="Sync now")
    expect(box).to_contain_text(re.sub(r"\s+", " ", HOSTILE))
    expect(box.locator(MADE)).to_have_count(0)


def test_a_toast_and_a_question_show_a_name_letter_by_letter(hostile, visit):
    page = visit(f"{hostile}/connectors").page
    row = page.get_by_role("row").filter(has_text="launch")
    row.get_by_role("checkbox").check()
    page.get_by_role("group", name="Chosen connectors").get_by_role("button", name="Pause").click()
    toast = page.get_by_test_id("stToast")
    expect(toast).to_contain_text("🎉 :smile: launch: ")
    expect(toast.locator(MADE)).to_have_count(0)

    page.goto(f"{hostile}/connector?id=c0")
    steps.in_menu(page, "Delete").click()

    question = page.get_by_role("dialog")
    expect(question).to_contain_text(f"{HOSTILE} is paused and hidden")
    expect(question.locator(MADE)).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "selector"),
    [
        pytest.param("/connectors", ".connectors .row a.open", id="table"),
        pytest.param("/connector?id=c5", ".pbf-head bdi", id="heading"),
    ],
)
def test_a_name_from_right_to_left_turns_nothing_round_beside_it(hostile, visit, path, selector):
    name = visit(hostile + path).page.locator(selector).filter(has_text="עברית").first

    isolation = name.evaluate("element => getComputedStyle(element).unicodeBidi")

    assert isolation == "isolate"


def test_tables_leave_by_our_own_download_alone_without_formulas(hostile, visit):
    page = visit(f"{hostile}/tables?id=c0").page
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Tables of {HOSTILE}")
    page.get_by_test_id("stDataFrame").hover()
    expect(page.get_by_role("button", name=re.compile("Download as CSV"))).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()

    text = Path(download.value.path()).read_text("utf-8-sig")
    names = {row["Table"] for row in csv.DictReader(StringIO(text))}
    assert {"'=HYPERLINK(1);'=2", LONG} <= names


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), exhaustive(390, "dark")])
def test_every_screen_of_a_healthy_account_is_drawn_whole(healthy, visit, width, scheme):
    url, count = healthy
    visitor = visit(url)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    warnings = warnings_of(page)

    for path in PAGES:
        go(visitor, url + path)
        if path == "/" and count:
            expect_charts(page)
        expect_to_fit(page)
    assert warnings == []
