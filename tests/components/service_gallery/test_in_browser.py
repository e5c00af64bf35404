"""The example of the documentation in a real browser: another app with our gallery."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.component_server import component_server, hidden_overflow
from tests.support.servers import ROOT

pytestmark = pytest.mark.browser
EXAMPLE = ROOT / "docs" / "examples" / "gallery.py"


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    with component_server(EXAMPLE, tmp_path_factory.mktemp("example")) as url:
        yield url


@pytest.fixture
def app(page: Page, server: str) -> Page:
    """The opened app; its parameter is not one of the gallery's."""
    page.goto(f"{server}/?q=mine")
    page.get_by_text("773 of 773 services").wait_for()
    return page


# Waiting with `expect`, Playwright would describe all 773 cards at each look, which takes seconds.
def card(page: Page, service: str):
    return page.locator(f'button.open[data-id="{service}"]')


def wait_until_shown(page: Page, name: str) -> None:
    """Wait for the heading that the app has for the chosen service."""
    page.get_by_test_id("stHeading").locator("h3", has_text=name).wait_for()


def pressed(page: Page) -> list[str]:
    return page.locator("button.open[aria-pressed=true]").all_inner_texts()


def test_a_service_is_found_and_chosen_and_the_app_shows_it(app, server):
    app.get_by_label("Search services").fill("stripe")
    card(app, "stripe").click()

    wait_until_shown(app, "Stripe")
    app.locator("p", has_text="Charges, customers, invoices").last.wait_for()
    assert pressed(app) == ["Stripe"]
    assert app.url == f"{server}/?q=mine"


def test_another_service_takes_its_place_and_a_second_click_takes_it_back(app):
    card(app, "salesforce").click()
    wait_until_shown(app, "Salesforce")

    card(app, "hubspot").click()
    wait_until_shown(app, "HubSpot")
    assert pressed(app) == ["HubSpot"]
    card(app, "hubspot").click()

    app.get_by_test_id("stHeading").locator("h3").wait_for(state="detached")
    assert pressed(app) == []


def test_a_service_is_chosen_by_keyboard(app):
    app.keyboard.press("/")
    app.keyboard.type("postgres")
    app.keyboard.press("ArrowDown")
    app.keyboard.press("Enter")

    wait_until_shown(app, "PostgreSQL")


@pytest.mark.parametrize("width", [390, 1280])
def test_it_scrolls_within_its_height_below_its_search(app, width):
    app.set_viewport_size({"width": width, "height": 900})
    search = app.get_by_label("Search services")
    before, card_before = search.bounding_box()["y"], card(app, "hubspot").bounding_box()["y"]
    gap = before - app.locator(".gallery").bounding_box()["y"]

    app.mouse.move(width / 2, 600)
    app.mouse.wheel(0, 4000)
    app.wait_for_function(
        "([card, top]) => card.getBoundingClientRect().y < top - 500",
        arg=[card(app, "hubspot").element_handle(), card_before],
    )

    assert gap < 20  # no room for Streamlit's header, which does not cover it
    assert abs(search.bounding_box()["y"] - before) < 20
    assert hidden_overflow(app) <= 0
