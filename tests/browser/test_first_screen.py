"""The first screen in a real Chromium: it looks like the real one, which takes its place."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.component_server import visiting
from tests.support.variants import exhaustive

pytestmark = pytest.mark.browser

FIRST = "#pbf-first"
REAL = "[data-testid=stMain]"
# The scripts of Streamlit; without them the first screen stays.
SCRIPTS = "**/static/js/*.js"
PARTS = {
    "services": ["h1", "[data-part=search]", ".chips", ".count", ".card .name a", ".card .foot"],
    "connectors": [
        "h1",
        "[data-part=search]",
        ".chips",
        ".count",
        ".strip",
        "thead",
        ".row .name a",
    ],
}
WIDTHS = [1280, 900, 390]
VARIABLES = [
    *("background", "secondary-background", "text", "primary", "link", "border", "blue", "green"),
    *("violet", "orange", "red", "yellow", "gray"),
]
SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


class Held:
    """A page whose first screen stays until Streamlit's scripts are let through."""

    def __init__(self, page: Page) -> None:
        self.page, self._routes, self._is_open = page, [], False
        self.complaints: list[str] = []
        page.on("console", lambda line: line.type == "error" and self.complaints.append(line.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route(SCRIPTS, self._hold)

    def _hold(self, route: Route) -> None:
        if self._is_open:
            route.continue_()
        else:
            self._routes.append(route)

    def open(self, url: str) -> None:
        """Open a page until it comes with a first screen: the lists may not be read yet."""
        self.page.goto(url, wait_until="commit")
        for _ in range(100):
            if self.page.locator(f"{FIRST} a.open").count():
                break
            self.page.wait_for_timeout(100)
            self.page.reload(wait_until="commit")
        expect(self.page.locator(f"{FIRST} a.open").first).to_be_visible()

    def start_streamlit(self) -> None:
        """Let Streamlit start, and wait until it has taken over."""
        self._is_open = True
        for route in self._routes:
            route.continue_()
        expect(self.page.locator(FIRST)).to_have_count(0)


@pytest.fixture
def held(window: BrowserContext) -> Iterator[Held]:
    with visiting(window) as open_page:
        page = open_page()
        yield Held(page)


def boxes(page: Page, root: str, parts: list[str]) -> dict[str, list[float]]:
    """Return where the parts are."""
    found = {part: page.locator(f"{root} {part}").first.bounding_box() for part in parts}
    return {part: [round(value) for value in box.values()] for part, box in found.items() if box}


def colours(page: Page, selector: str) -> dict[str, str]:
    """Return the theme's colours as an element draws them."""
    script = """(element, names) => {
      const probe = document.createElement("i");
      element.append(probe);
      const drawn = names.map((name) => {
        probe.style.color = `var(--st-${name}-color)`;
        return [name, getComputedStyle(probe).color];
      });
      probe.remove();
      return Object.fromEntries(drawn);
    }"""
    return page.locator(selector).first.evaluate(script, VARIABLES)


def test_a_font_that_does_not_come_holds_up_neither_the_first_screen_nor_streamlit(product, held):
    fonts: list[Route] = []
    held.page.route("**/static/media/SourceSans*", lambda route: fonts.append(route))

    held.open(f"{product}/services")
    held.start_streamlit()

    expect(held.page.locator(f"{REAL} .card").first).to_be_visible()
    for font in fonts:
        font.abort()
    assert fonts


@pytest.mark.parametrize("scheme", ["light", exhaustive("dark")])
@pytest.mark.parametrize("name", ["services", "connectors"])
def test_the_real_screen_takes_over_in_place(product, held, name, scheme):
    page = held.page
    page.emulate_media(color_scheme=scheme)
    held.open(f"{product}/{name}")
    before = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        before[width] = boxes(page, FIRST, PARTS[name])
    theme = colours(page, FIRST)
    links = page.locator(f"{FIRST} a.open").evaluate_all("links => links.map(link => link.href)")

    held.start_streamlit()

    expect(page.locator(f"{REAL} a.open").first).to_be_visible()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert boxes(page, REAL, PARTS[name]) == before[width], width
    assert colours(page, "[data-testid^=stBidiComponent] .pbf") == theme
    real = page.locator(f"{REAL} a.open").evaluate_all("links => links.map(link => link.href)")
    assert real[: len(links)] == links
    assert held.complaints == []


def test_nothing_moves_and_nothing_typed_is_lost_when_it_takes_over(product, held):
    page = held.page
    held.open(f"{product}/services")
    page.evaluate(SHIFTS)
    page.locator(f"{FIRST} [data-part=search]").click()
    page.keyboard.type("salesf")

    held.start_streamlit()

    search = page.get_by_role("searchbox", name="Search services")
    expect(search).to_have_value("salesf")
    expect(search).to_be_focused()
    page.keyboard.type("orce")
    expect(page.get_by_role("status")).to_contain_text("of 773 services")
    expect(page.get_by_role("link", name="Salesforce", exact=True)).to_be_visible()
    assert page.evaluate("shifts") < 0.01
    assert held.complaints == []


def test_recent_services_come_first_and_links_work_before_streamlit(product, held):
    page = held.page
    held.open(f"{product}/services")
    owner = page.locator(FIRST).get_attribute("data-owner")
    stored = json.dumps({"owner": owner, "ids": ["stripe", "jira"]})
    page.evaluate("stored => localStorage.setItem('pbf.recent', stored)", stored)

    held.open(f"{product}/services")

    first = page.locator(f"{FIRST} a.open")
    assert [first.nth(number).get_attribute("data-id") for number in (0, 1)] == ["stripe", "jira"]
    first.first.click()
    page.wait_for_url(f"{product}/connect?service=stripe", wait_until="commit")
