"""What axe finds on every page, by the rules of WCAG 2.2 AA, and what one does without a mouse."""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
OPTIONS = {"runOnly": {"type": "tag", "values": list(LEVELS)}, "resultTypes": ["violations"]}
SERIOUS = {"serious", "critical"}
# Swagger UI puts each route's link inside the button that opens it, and offers no other way to
# draw them. Both are reached by Tab, and both lead to the same description.
FOREIGN = (("nested-interactive", ".opblock-summary-control"),)
READY = "[data-testid=stApp][data-test-script-state=notRunning]"
CHART = "[data-testid=stVegaLiteChart]"
BEHIND = "The figures, with links"


def troubles(page: Page) -> list[str]:
    """What axe finds that keeps somebody out: the rule, and where."""
    found = Axe().run(page, options=OPTIONS).response
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
        if not any(one["id"] == rule and part in str(node["target"]) for rule, part in FOREIGN)
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
    page.get_by_text("Deleted lately (1)").click()
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    page.get_by_role("button", name="More actions for").first.click()
    expect(page.get_by_role("menu")).to_be_visible()


def open_the_tables_behind(page: Page) -> None:
    expect(page.locator(f"{CHART} svg")).to_have_count(4)
    for opener in page.get_by_text(BEHIND).all():
        opener.click()
    expect(page.locator(".pbf-records").last).to_be_visible()


SCREENS = [
    pytest.param("/", open_the_tables_behind, id="overview"),
    # All 773 cards take axe a quarter of a minute; some thirty are made of the same parts.
    pytest.param("/services?q=google", shows("ul.cards > li"), id="services"),
    pytest.param("/services?q=zzzzzz", shows(".nothing"), id="nothing-found"),
    pytest.param("/connect?service=postgres", name_it, id="connect"),
    pytest.param("/connectors", open_menu, id="connectors"),
    pytest.param("/connector?id={zendesk_support}", shows(".pbf-notes"), id="broken-connector"),
    pytest.param("/connector?id={salesforce_crm}", press("Delete"), id="deletion"),
    pytest.param("/connector?id={salesforce_crm}", press("Change schedule"), id="schedule"),
    pytest.param(
        "/connector?id={shopify_storefront}", shows("[data-testid=stAlert]"), id="deleted"
    ),
    pytest.param("/connector?id=nobody", shows("[data-testid=stAlert]"), id="no-such-connector"),
    pytest.param("/tables?id={salesforce_crm}", shows("[data-testid=stDataFrame]"), id="tables"),
    pytest.param("/_/go/old-slip", shows("[data-testid=stAlert]"), id="slip-that-ran-out"),
    pytest.param("/_/docs", shows(".opblock"), id="routes"),
]


@pytest.fixture(scope="module")
def ids(product: str) -> dict[str, str]:
    """The connectors' ids by their permanent names; one of them is deleted."""
    found = requests.get(f"{product}/_/connectors", timeout=10).json()
    known = {one["schema"].split(".")[0]: one["id"] for one in found}
    deleted = f"{product}/_/connectors/{known['shopify_storefront']}"
    requests.delete(deleted, timeout=10).raise_for_status()
    return known


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: pytest.FixtureRequest, chromium: Browser, product: str) -> Iterator[Page]:
    """A browser with what it keeps, in one of the two schemes."""
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=request.param, base_url=product
    )
    yield context.new_page()
    context.close()


def arrive(page: Page, address: str) -> None:
    """Open an address and wait until Streamlit, if it serves it, has run to its end."""
    page.goto(address)
    if page.url.find("/_/") < 0:
        page.wait_for_selector(READY, timeout=30_000)


@pytest.mark.parametrize(("path", "prepare"), SCREENS)
def test_axe_finds_nothing_that_keeps_anybody_out(page, ids, path, prepare):
    arrive(page, path.format(**ids))

    prepare(page)

    assert troubles(page) == []


def test_axe_finds_nothing_on_the_sandbox_s_connect_card(page, product, ids):
    form = requests.get(f"{product}/_/connectors/{ids['zendesk_support']}/form", timeout=10).json()

    page.goto(form["url"])

    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    assert troubles(page) == []


def test_axe_sees_what_would_keep_somebody_out(page):
    arrive(page, "/services?q=zzzzzz")

    page.evaluate("document.querySelector('h1').style.color = '#777'")
    page.evaluate("document.querySelector('h1').style.background = '#888'")

    assert any(trouble.startswith("color-contrast") for trouble in troubles(page))


def test_each_chart_says_in_words_what_it_shows(page):
    arrive(page, "/")

    expect(page.locator(f"{CHART} svg")).to_have_count(4)
    for chart in page.locator(CHART).all():
        title, _, sentence = chart.get_attribute("aria-label").partition(". ")
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        expect(page.get_by_text(sentence, exact=True)).to_be_visible()


def test_a_bar_and_the_line_behind_it_lead_to_the_same_connectors(page):
    needs_you = re.compile(r"/connectors\?status=Needs(\+|%20)you$")
    arrive(page, "/")

    page.locator(CHART).first.locator(".mark-rect path").first.click()
    expect(page).to_have_url(needs_you)
    expect(page.get_by_role("heading", name="Connectors", exact=True)).to_be_visible()
    arrive(page, "/")
    page.get_by_text(BEHIND).first.click()
    page.get_by_role("link", name="Needs you", exact=True).press("Enter")

    expect(page).to_have_url(needs_you)


def test_the_overview_follows_and_what_one_opened_stays_open(page, product, ids):
    arrive(page, "/")
    page.get_by_text(BEHIND).first.click()
    behind = page.locator(".pbf-records").first
    expect(behind).to_be_visible()
    needed = int(behind.locator("tr", has_text="Needs you").locator("td").last.inner_text())
    one = "linkedin_ads_b2b" if needed == 2 else "hubspot_marketing"

    control = f"{product}/sandbox/_control/connections/{ids[one]}/break"
    requests.post(control, json={}, timeout=10).raise_for_status()

    line = behind.locator("tr", has_text="Needs you").locator("td").last
    expect(line).to_have_text(str(needed + 1), timeout=10_000)
    expect(behind).to_be_visible()
