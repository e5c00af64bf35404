"""The People screen in real browsers: what an admin does there, and what the others then see."""

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.accessibility import troubles
from tests.support.site import Site
from tests.support.variants import exhaustive

pytestmark = pytest.mark.browser

PARTS = ("Members", "Invitations", "Sessions", "API tokens")


def open_part(page: Page, part: str) -> None:
    """Open a tab of the screen, and wait until it shows something."""
    page.get_by_role("tab", name=part).click()
    shown = page.get_by_role("tabpanel", name=part)
    expect(shown.locator(".pbf-line, .pbf-quiet, form").first).to_be_visible()


def line(page: Page, text: str) -> Locator:
    """Return the row that shows a text, with the buttons beside it."""
    return page.get_by_test_id("stHorizontalBlock").filter(has_text=text).last


def press(page: Page, row: str, label: str) -> Locator:
    """Press a button of a row, and return the dialog that it opens."""
    line(page, row).get_by_role("button", name=label).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button").nth(1)).to_be_visible()
    return dialog


def confirm(page: Page, dialog: Locator, label: str, done: str) -> None:
    """Confirm what a dialog asks, and wait until it is done."""
    dialog.get_by_role("button", name=label, exact=True).click()
    expect(page.get_by_text(done).first).to_be_visible()
    expect(dialog).to_have_count(0)


@pytest.fixture
def admin(shared_site: Site, new_browser: NewBrowser) -> Page:
    """The screen of ada, an admin of acme."""
    page = new_browser(shared_site, shared_site.sign_in("ada")).new_page()
    page.goto(f"{shared_site.url}/people")
    expect(page.get_by_role("heading", name="People", exact=True)).to_be_visible()
    return page


@pytest.fixture
def visit(shared_site: Site, new_browser: NewBrowser) -> Callable[[str], Page]:
    """Sign somebody in at the second provider, and open a connector's page."""

    def open_page(name: str) -> Page:
        browser: BrowserContext = new_browser(shared_site, shared_site.sign_in(name, "partner"))
        page, connection = browser.new_page(), shared_site.connector_of("acme")
        page.goto(f"{shared_site.url}{steps.path_of(connection)}")
        steps.sees(page, connection)
        return page

    return open_page


def test_an_admin_invites_somebody_changes_their_role_and_removes_them(
    shared_site: Site, admin: Page, visit: Callable[[str], Page]
):
    shared_site.add_partner("ivy", "ivy@new.example")
    open_part(admin, "Invitations")
    for address in ("ivy@new.example", "late@new.example"):
        admin.get_by_label("E-mail address").fill(address)
        admin.get_by_role("button", name="Invite", exact=True).click()
        expect(admin.get_by_text(f"{address} is invited for 14 days.")).to_be_visible()
    dialog = press(admin, "late@new.example", "Withdraw")
    confirm(admin, dialog, "Withdraw", "The invitation is withdrawn")
    expect(admin.locator(".pbf-line", has_text="late@new.example")).to_have_count(0)

    ivy = visit("ivy")
    expect(ivy.get_by_role("button", name="Pause")).to_have_count(0)
    open_part(admin, "Members")
    dialog = press(admin, "ivy@new.example", "Change role")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_text("Editor", exact=True).click()
    confirm(admin, dialog, "Save", "ivy is editor now")
    steps.sees_the_end(ivy)
    expect(line(admin, "ivy@new.example")).to_contain_text("Editor")

    ivy = visit("ivy")
    open_part(admin, "Sessions")
    confirm(admin, press(admin, "ivy@new.example", "End"), "End the session", "session is ended")
    steps.sees_the_end(ivy)

    ivy = visit("ivy")
    open_part(admin, "Members")
    confirm(admin, press(admin, "ivy@new.example", "Remove"), "Remove", "ivy is removed")
    steps.sees_the_end(ivy)
    expect(admin.locator(".pbf-line", has_text="ivy@new.example")).to_have_count(0)
    with pytest.raises(AssertionError, match="has not been given access"):
        shared_site.sign_in("ivy", "partner")


def test_a_token_is_shown_once_works_and_is_refused_once_it_is_revoked(
    shared_site: Site, admin: Page
):
    open_part(admin, "API tokens")
    admin.get_by_role("button", name="Create a token").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Nightly report")
    dialog.get_by_role("button", name="Create", exact=True).click()
    field = dialog.get_by_label("Token", exact=True)
    expect(field).to_have_value(re.compile("^pbf_"))
    text = field.input_value()

    def status() -> int:
        headers = {"Authorization": f"Bearer {text}"}
        return requests.get(
            f"{shared_site.url}/_/connectors", headers=headers, timeout=10
        ).status_code

    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_have_count(0)
    expect(line(admin, "Nightly report")).to_contain_text("Viewer")
    assert text not in admin.content()
    assert status() == 200
    confirm(admin, press(admin, "Nightly report", "Revoke"), "Revoke", "is revoked")

    expect(admin.locator(".pbf-line", has_text="Nightly report")).to_have_count(0)
    assert status() == 401


@pytest.mark.parametrize("scheme", ["light", exhaustive("dark")])
def test_axe_finds_nothing_serious_on_the_screen(shared_site: Site, admin: Page, scheme: str):
    shared_site.add_partner("axel", "axel@both.example")
    shared_site.sign_in("axel", "partner")
    admin.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    admin.reload()
    expect(admin.get_by_role("heading", name="People", exact=True)).to_be_visible()
    expect(admin.get_by_test_id("stApp")).to_have_css("color-scheme", scheme)

    for part in PARTS:
        open_part(admin, part)
        assert troubles(admin) == [], part
    admin.get_by_role("button", name="Create a token").click()
    expect(admin.get_by_role("dialog").get_by_role("button", name="Create")).to_be_visible()

    assert troubles(admin, within="[role=dialog]") == []
