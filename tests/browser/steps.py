"""What people do on the screens, step by step."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor


def choose_service(visitor: Visitor, typed: str, name: str) -> None:
    """Find a service in the gallery and open it."""
    page = visitor.page
    page.get_by_role("searchbox", name="Search services").fill(typed)
    page.get_by_role("link", name=re.compile(f"^{name}")).first.click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def create(visitor: Visitor, name: str) -> None:
    """Name a connector and go on to its Connect Card."""
    page = visitor.page
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Create and continue").click()
    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()


def fill_google_sheets(page: Page) -> None:
    """Authorise Google Sheets and say which sheet."""
    page.get_by_role("button", name="Authorise").click()
    page.get_by_role("button", name="Allow").click()
    page.get_by_label("Sheet ID").fill("1AbC-sheet")


def save_and_test(page: Page, *, passing: bool = True) -> None:
    """Say what the sandbox's setup tests shall do, and start them."""
    page.get_by_label("Pass" if passing else "Fail", exact=True).check()
    page.get_by_role("button", name="Save & Test").click()


def row(page: Page, name: str):
    """Return the table's row of a connector."""
    return page.get_by_role("row").filter(has_text=name)


def in_menu(page: Page, action: str):
    """Open the menu of a connector's page and return one of its actions."""
    page.get_by_test_id("stPopoverButton").click()
    return page.get_by_test_id("stPopoverBody").get_by_role("button", name=action, exact=True)


def come_back(visitor: Visitor) -> None:
    """Wait for the list of connectors after the card."""
    expect(visitor.page.get_by_role("heading", name="Connectors")).to_be_visible()
    visitor.settle()
