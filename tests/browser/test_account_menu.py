"""The account menu of the demo: looking as somebody else, switching the tenant, signing out."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visitor
from tests.support.accessibility import troubles_in_both_schemes
from tests.support.component_server import new_context
from tests.support.variants import exhaustive

pytestmark = pytest.mark.browser

RECENT = "localStorage.getItem('pbf.recent')"
NARROW, WIDE = {"width": 390, "height": 800}, {"width": 1280, "height": 900}

Visit = Callable[[str], Visitor]


def choose(visitor: Visitor, name: str) -> None:
    """Press a button of the account menu, which loads the page anew."""
    page = visitor.page
    page.locator(".pbf-who").click()
    with page.expect_navigation():
        page.locator(".pbf-menu").get_by_role("button", name=name).first.click()
    visitor.settle()


def look_as(visitor: Visitor, name: str) -> None:
    choose(visitor, name)
    expect(visitor.page.locator(".pbf-who")).to_be_visible()


def test_looking_as_a_person_of_another_tenant_shows_nothing_of_the_former(product, visit: Visit):
    visitor = visit(f"{product}/services")
    page = visitor.page
    page.get_by_role("link", name="Stripe", exact=True).first.click()
    expect(page.get_by_role("heading", name="Stripe", exact=True)).to_be_visible()
    assert "stripe" in page.evaluate(RECENT)
    page.goto(f"{product}/connectors")
    expect(page.get_by_text("zendesk_support").first).to_be_visible()
    # The first screen has a row of its own, whose menu is closed.
    expect(page.locator("#pbf-first")).to_have_count(0)

    look_as(visitor, "Globex editor")

    assert page.url == f"{product}/connectors"
    expect(page.locator(".pbf-who")).to_contain_text("Lena Park")
    expect(page.get_by_text("globex_google_ads").first).to_be_visible()
    expect(page.get_by_text("zendesk_support")).to_have_count(0)
    page.goto(f"{product}/services")
    expect(page.get_by_role("link", name="HubSpot", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="Stripe", exact=True)).to_have_count(0)
    # The first screen shows the same cards before the gallery itself has started.
    expect(page.locator("#pbf-first")).to_have_count(0)
    assert page.evaluate(RECENT) is None


def test_a_person_with_two_tenants_switches_and_other_tabs_ask_to_go_on(product, visit: Visit):
    visitor = visit(f"{product}/connectors")
    look_as(visitor, "Globex editor")
    other = visit(f"{product}/activity")
    expect(other.page.locator(".pbf-who")).to_contain_text("Globex")

    choose(visitor, "Acme Ltd viewer")
    expect(visitor.page.locator(".pbf-who")).to_contain_text("Acme Ltd · viewer")
    expect(visitor.page.get_by_text("zendesk_support").first).to_be_visible()

    expect(other.page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    other.page.get_by_role("link", name="Sign in again").click()
    expect(other.page.locator(".pbf-who")).to_contain_text("Acme Ltd · viewer")
    assert other.page.url == f"{product}/activity"


def test_signing_out_ends_the_session_in_every_tab(product, visit: Visit):
    visitor = visit(f"{product}/connectors")
    look_as(visitor, "Initech admin")
    other = visit(f"{product}/connectors")
    expect(other.page.get_by_text("time_sheets").first).to_be_visible()

    visitor.page.locator(".pbf-who").click()
    visitor.page.get_by_role("button", name="Sign out").click()

    expect(visitor.page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(other.page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    expect(other.page.get_by_text("time_sheets")).to_have_count(0)
    assert "pbf" not in {cookie["name"] for cookie in visitor.page.context.cookies()}


def test_an_operator_enters_a_tenant_and_leaves_it(product, visit: Visit):
    visitor = visit(f"{product}/connectors")
    page = visitor.page
    look_as(visitor, "Operator")
    expect(page.get_by_role("heading", name="Choose a tenant")).to_be_visible()

    page.get_by_role("button", name="Initech", exact=True).click()
    expect(page.get_by_text("time_sheets").first).to_be_visible()
    page.goto(f"{product}/activity")
    expect(page.get_by_text("Enter the tenant")).to_be_visible()
    expect(page.locator(".pbf-activity")).to_contain_text("Olivia Grant")

    choose(visitor, "Leave this tenant")
    expect(page.locator(".pbf-who")).to_contain_text("No tenant")


def test_the_menu_is_reached_and_left_by_keyboard(product, visit: Visit):
    page = visit(product).page
    page.locator(".pbf-who").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pbf-menu")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".pbf-menu button").first).to_be_focused()

    page.keyboard.press("Escape")

    expect(page.locator(".pbf-menu")).to_be_hidden()
    expect(page.locator(".pbf-who")).to_be_focused()


@pytest.mark.parametrize("size", [exhaustive(WIDE), NARROW], ids=["wide", "narrow"])
def test_the_menu_keeps_nobody_out_and_fits(size, product, chromium: Browser):
    with new_context(chromium, viewport=size, color_scheme="light") as context:
        visitor = Visitor(context.new_page())
        visitor.page.goto(f"{product}/activity")
        visitor.settle()
        look_as(visitor, "Globex editor")
        height = _height(visitor.page)
        visitor.page.locator(".pbf-who").click()

        assert troubles_in_both_schemes(visitor.page) == []
        assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        box = visitor.page.locator(".pbf-menu").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert box["y"] + box["height"] <= size["height"]
        assert height == pytest.approx(_height(visitor.page, ".pbf-top .pbf-banner"), abs=1)


def _height(page: Page, part: str = ".pbf-top") -> float:
    box = page.locator(part).bounding_box()
    assert box
    return box["height"]
