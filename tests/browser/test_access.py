"""What axe finds on every page, by the rules of WCAG 2.2 AA, in light and in dark."""

from collections.abc import Callable

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OPTIONS = {"runOnly": {"type": "tag", "values": list(LEVELS)}, "resultTypes": ["violations"]}
SERIOUS = {"serious", "critical"}


def troubles(page: Page) -> list[str]:
    """What axe finds that keeps somebody out: the rule, and where."""
    found = Axe().run(page, options=OPTIONS).response
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def shows(selector: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector).first).to_be_visible()


def name_it(page: Page) -> None:
    page.get_by_role("textbox", name="Name").fill("Our sales")
    expect(page.get_by_text("our_sales").first).to_be_visible()


def press(label: str) -> Callable[[Page], None]:
    def do(page: Page) -> None:
        page.get_by_role("button", name=label, exact=True).click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return do


def open_menu(page: Page) -> None:
    page.get_by_role("button", name="More actions for").first.click()
    expect(page.get_by_role("menu")).to_be_visible()


SCREENS = [
    pytest.param("/", shows(".pbf-tiles"), id="overview"),
    pytest.param("/services", shows("ul.cards > li"), id="services"),
    pytest.param("/services?q=zzzzzz", shows(".nothing"), id="nothing-found"),
    pytest.param("/connect?service=postgres", name_it, id="connect"),
    pytest.param("/connectors", open_menu, id="connectors"),
    pytest.param("/connector?id={zendesk_support}", shows(".pbf-notes"), id="broken-connector"),
    pytest.param("/connector?id={salesforce_crm}", press("Delete"), id="deletion"),
    pytest.param("/connector?id={salesforce_crm}", press("Change schedule"), id="schedule"),
    pytest.param("/connector?id=nobody", shows("[data-testid=stAlert]"), id="no-such-connector"),
    pytest.param("/tables?id={salesforce_crm}", shows("[data-testid=stDataFrame]"), id="tables"),
]


@pytest.fixture(scope="module")
def ids(product: str) -> dict[str, str]:
    """The connectors' ids by their permanent names."""
    found = requests.get(f"{product}/_/connectors", timeout=10).json()
    return {one["schema"].split(".")[0]: one["id"] for one in found}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("path", "prepare"), SCREENS)
def test_axe_finds_nothing_that_keeps_anybody_out(product, ids, visit, path, prepare, scheme):
    page = visit(f"{product}{path.format(**ids)}", color_scheme=scheme).page

    prepare(page)

    assert troubles(page) == []


def test_axe_sees_what_would_keep_somebody_out(product, visit):
    page = visit(f"{product}/services").page

    page.evaluate("document.querySelector('h1').style.color = '#eee'")

    assert any(trouble.startswith("color-contrast") for trouble in troubles(page))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_sandbox_s_connect_card(product, ids, chromium, scheme):
    form = requests.get(f"{product}/_/connectors/{ids['zendesk_support']}/form", timeout=10).json()
    context = chromium.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(form["url"])
    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()

    found = troubles(page)

    context.close()
    assert found == []
