"""What axe finds on every page, by the rules of WCAG 2.2 AA, and what one does without a mouse."""

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import steps
from tests.support.accessibility import troubles_in_both_schemes
from tests.support.component_server import new_context

READY = "[data-testid=stApp][data-test-script-state=notRunning]"
CHART = "[data-testid=stVegaLiteChart]"
BEHIND = "Show as a table"


def shows(selector: str) -> Callable[[Page], None]:
    return lambda page: expect(page.locator(selector).first).to_be_visible()


def name_it(page: Page) -> None:
    page.get_by_role("textbox", name="Name").fill("Our sales")
    expect(page.get_by_text("our_sales").first).to_be_visible()


def choose_and_open_menu(page: Page) -> None:
    page.get_by_role("checkbox", name="Choose ").nth(1).check()
    expect(page.get_by_role("group", name="Chosen connectors")).to_be_visible()
    page.get_by_text("Recently deleted (1)").click()
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_visible()
    page.get_by_role("button", name="More actions for").first.click()
    expect(page.get_by_role("menu")).to_be_visible()


def open_the_tables_behind(page: Page) -> None:
    expect(page.locator(f"{CHART} svg")).to_have_count(5)
    openers = page.get_by_text(BEHIND)
    expect(openers).to_have_count(5)  # the last one is drawn after its chart
    for opener in openers.all():
        opener.click()
    expect(page.locator(".pbf-records").last).to_be_visible()


def do_something(page: Page) -> None:
    connector_id = page.request.get("/_/connectors").json()[0]["id"]
    for name in (connector_id, "nobody"):
        page.request.get(f"/_/connectors/{name}/form")
    expect(page.locator(".pbf-activity a").first).to_be_visible()


def open_the_menu(page: Page) -> None:
    expect(page.locator(".pbf-notes").first).to_be_visible()
    expect(steps.in_menu(page, "Delete")).to_be_visible()


def open_the_banner(page: Page) -> None:
    expect(page.locator("[data-testid=stAlert]").first).to_be_visible()
    page.get_by_text("Nothing here touches Fivetran.").click()
    expect(page.get_by_text("Any credential works.")).to_be_visible()


def change_tables(page: Page) -> None:
    page.get_by_role("button", name="Select none").click()
    expect(page.get_by_role("button", name=re.compile("^Save .* changes"))).to_be_enabled()
    page.get_by_text("Tables that cannot be switched").click()
    expect(page.locator(".pbf-records")).to_be_visible()


def open_the_syncs(page: Page) -> None:
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    expect(page.locator(".pbf-marks")).to_have_attribute("aria-label", re.compile("sync"))
    page.get_by_text(BEHIND).first.click()
    expect(page.locator(".pbf-records").first).to_be_visible()


def open_a_thread(page: Page) -> None:
    page.get_by_text("What happened").first.click()
    expect(page.locator(".pbf-notes").first).to_be_visible()


SCREENS = [
    pytest.param("/", open_the_tables_behind, id="overview"),
    # All 773 cards take axe a quarter of a minute; some thirty are made of the same parts.
    pytest.param("/services?q=google", shows("ul.cards > li"), id="services"),
    pytest.param("/services?q=zzzzzz", shows(".nothing"), id="nothing-found"),
    pytest.param("/connect?service=facebook_ads", name_it, id="connect"),
    pytest.param("/connectors", choose_and_open_menu, id="connectors"),
    pytest.param("/connectors?late=4..&q=x", shows(".nothing"), id="no-connector-found"),
    pytest.param("/connector?id={zendesk_support}", open_the_menu, id="broken-connector"),
    pytest.param(
        "/connector?id={shopify_storefront}", shows("[data-testid=stAlert]"), id="deleted"
    ),
    pytest.param("/connector?id=nobody", open_the_banner, id="no-such-connector"),
    pytest.param("/connector?id={stripe_payments}", open_the_syncs, id="connector-with-syncs"),
    pytest.param("/incidents", open_a_thread, id="incidents"),
    pytest.param("/promises", shows(".pbf-records"), id="promises"),
    pytest.param("/notifications", shows("[data-testid=stHeading] h2"), id="notifications"),
    pytest.param("/activity", do_something, id="activity"),
    pytest.param("/tables?id={webshop}", change_tables, id="tables"),
    pytest.param("/tables?id={facebook_ads_dach}", shows("[data-testid=stAlert]"), id="no-tables"),
    pytest.param("/stories", shows(".pbf-story"), id="stories"),
    pytest.param("/_/invite/old-link", shows("h1"), id="invitation-that-ran-out"),
    pytest.param("/_/go/old-link", shows("[data-testid=stAlert]"), id="link-that-ran-out"),
    pytest.param("/_/docs", shows(".opblock"), id="routes"),
]


DIALOGS = [
    pytest.param(
        "/connector?id={salesforce_crm}",
        ("Delete", "Change schedule", "Re-sync history"),
        id="connector",
    ),
    pytest.param("/connector?id={zendesk_support}", ("Run setup tests",), id="setup-tests"),
    pytest.param("/connectors", ("Ask a colleague", "Discard"), id="connectors"),
    pytest.param("/notifications", ("Add a channel for the tenant",), id="notifications"),
    pytest.param("/promises", ("Make a promise",), id="promises"),
]


@pytest.fixture(scope="module")
def ids(product: str) -> dict[str, str]:
    """The connectors' ids by their permanent names; one of them is deleted."""
    connectors = requests.get(f"{product}/_/connectors", timeout=10).json()
    ids_by_name = {connector["schema"].split(".")[0]: connector["id"] for connector in connectors}
    deleted = f"{product}/_/connectors/{ids_by_name['shopify_storefront']}"
    requests.delete(deleted, timeout=10).raise_for_status()
    return ids_by_name


def opened(chromium: Browser, product: str) -> BrowserContext:
    return new_context(chromium, color_scheme="light", base_url=product)


@pytest.fixture(scope="module")
def page(chromium: Browser, product: str) -> Iterator[Page]:
    """A page in a browser with what it keeps, in the light scheme."""
    with opened(chromium, product) as context:
        yield context.new_page()


def arrive(page: Page, address: str) -> None:
    """Open an address and wait until Streamlit, if it serves it, has run to its end."""
    page.goto(address)
    if page.url.find("/_/") < 0:
        page.wait_for_selector(READY)


@pytest.mark.parametrize(("path", "prepare"), SCREENS)
def test_axe_finds_nothing_that_keeps_anybody_out(page, ids, path, prepare):
    arrive(page, path.format(**ids))

    prepare(page)

    assert troubles_in_both_schemes(page) == []


@pytest.mark.parametrize(("path", "labels"), DIALOGS)
def test_axe_finds_nothing_in_what_is_asked_before_a_change(page, ids, path, labels):
    arrive(page, path.format(**ids))

    for label in labels:
        if path.startswith("/connector?"):
            steps.in_menu(page, label).click()
            # Until the menu is closed, it is a dialog too.
            expect(page.get_by_test_id("stPopoverBody")).to_have_count(0)
        else:
            page.get_by_role("button", name=re.compile(f"^{label}")).first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("input, button, .pbf-notes").nth(1)).to_be_visible()
        assert troubles_in_both_schemes(page, within="[role=dialog]") == [], label
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_axe_finds_nothing_on_the_sandbox_s_connect_card(page, product, ids):
    form = requests.get(f"{product}/_/connectors/{ids['zendesk_support']}/form", timeout=10).json()

    page.goto(form["url"])

    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    assert troubles_in_both_schemes(page) == []


def test_axe_finds_nothing_on_a_colleague_s_page(page, product, ids):
    path = f"{product}/_/connectors/{ids['facebook_ads_dach']}/invitations"
    invitation = requests.post(path, json={"note": "You have the key.", "hours": 1}, timeout=10)

    page.goto(invitation.json()["url"])

    expect(page.get_by_role("button", name="Continue to Fivetran")).to_be_visible()
    assert troubles_in_both_schemes(page) == []


def test_axe_finds_nothing_on_a_status_page(page):
    arrive(page, "/promises")
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_have_value(re.compile("/_/status/."))

    page.goto(link.input_value())

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for bars in page.locator("[role=img]").all():
        assert bars.get_attribute("aria-label")
    assert troubles_in_both_schemes(page) == []


def test_axe_finds_nothing_on_the_operators_page_of_jobs(chromium, product):
    with opened(chromium, product) as context:
        page = context.new_page()
        arrive(page, "/")
        page.locator(".pbf-who").click()
        page.locator(".pbf-menu").get_by_role("button", name="Operator").first.click()
        expect(page.locator(".pbf-who")).to_contain_text("operator")
        arrive(page, "/jobs")

        expect(page.get_by_role("button", name="Run now").first).to_be_visible()
        assert troubles_in_both_schemes(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_sees_what_would_keep_somebody_out(page, scheme):
    arrive(page, "/services?q=zzzzzz")
    rule = "h1 { color: #777 !important; background: #888; }"
    page.add_style_tag(content=f"@media (prefers-color-scheme: {scheme}) {{ {rule} }}")

    found = troubles_in_both_schemes(page)

    assert len(found) == 1
    assert found[0].startswith("color-contrast") == (scheme == "light")


def test_each_chart_says_in_words_what_it_shows(page):
    arrive(page, "/")

    expect(page.locator(f"{CHART} svg")).to_have_count(5)
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
    behind = page.locator("[data-testid=stExpander] .pbf-records").first
    expect(behind).to_be_visible()
    needed = int(behind.locator("tr", has_text="Needs you").locator("td").last.inner_text())
    schema = "linkedin_ads_b2b" if needed == 2 else "hubspot_marketing"

    control = f"{product}/sandbox/_control/connections/{ids[schema]}/break"
    requests.post(control, json={}, timeout=10).raise_for_status()

    line = behind.locator("tr", has_text="Needs you").locator("td").last
    expect(line).to_have_text(str(needed + 1))
    expect(behind).to_be_visible()
