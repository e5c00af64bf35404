"""The page "Sandbox controls" in a real browser: by mouse, by keyboard, on a phone, in the dark."""

from datetime import UTC, datetime

import pytest
import requests
from playwright.sync_api import expect

from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from tests.support.component_server import visiting

pytestmark = pytest.mark.browser
START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def server():
    with SandboxServer(world=Sandbox(clock=lambda: START)) as running:
        yield running


@pytest.fixture
def opened(window, server):
    """Open the page; errors in its console fail the test."""
    errors = []

    def record(text):
        if "status of 400" not in text:
            errors.append(text)

    with visiting(window) as open_page:

        def show(*, color_scheme="light", width=1280):
            page = open_page()
            page.emulate_media(color_scheme=color_scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda message: record(message.text))
            page.goto(f"{server.url}/_control/")
            expect(row(page, "webshop")).to_be_visible()
            return page

        yield show
        assert errors == []


def row(page, name):
    return page.locator("#connector-list li").filter(has_text=name)


def test_a_connector_is_broken_and_mended(opened, server):
    page = opened()

    row(page, "salesforce_crm").get_by_role(
        "button", name="Break salesforce_crm", exact=True
    ).click()
    expect(row(page, "salesforce_crm")).to_contain_text("Broken")
    expect(page.get_by_role("status")).to_have_text("salesforce_crm is broken.")
    row(page, "salesforce_crm").get_by_role("button", name="Mend").click()

    expect(row(page, "salesforce_crm")).to_contain_text("Syncing")


def test_a_break_until_a_sync_is_one_that_a_sync_ends(opened, server):
    page = opened()
    [connection] = server.world.matching(None, "salesforce_crm")

    row(page, "salesforce_crm").get_by_role("button", name="Break until sync").click()
    expect(row(page, "salesforce_crm")).to_contain_text("Broken")
    key = (server.world.api_key, server.world.api_secret)
    requests.post(f"{server.url}/v1/connections/{connection.id}/sync", auth=key, json={})
    page.get_by_role("button", name="+1 minute").click()

    expect(row(page, "salesforce_crm")).to_contain_text("Healthy")


def test_the_role_the_plan_and_the_previews_are_switched(opened, server):
    page = opened()
    page.locator("summary", has_text="Role, plan").click()

    page.get_by_label("Role of the key's user").select_option("Account Reviewer")
    expect(page.get_by_role("status")).to_have_text("The role was changed.")
    page.get_by_label("Plan", exact=True).select_option("Standard")
    expect(page.get_by_role("status")).to_have_text("The plan was changed.")
    page.get_by_label("Private previews").select_option("Does not take part")
    expect(page.get_by_role("status")).to_have_text("The previews were changed.")

    state = server.world.control.state()
    names = ("role", "plan", "previews")
    assert [state[name] for name in names] == ["Account Reviewer", "standard", False]


def test_the_clock_moves_by_buttons_and_to_a_time(opened, server):
    page = opened()

    page.get_by_role("button", name="+6 hours").click()
    expect(page.locator("#now")).to_have_text("2026-11-20 18:00:00")
    page.get_by_label("Move to (UTC)").fill("2026-11-21T08:30")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("#now")).to_have_text("2026-11-21 08:30:00")
    page.get_by_label("Move to (UTC)").fill("2026-11-01T08:30")
    page.get_by_role("button", name="Move", exact=True).click()

    expect(page.get_by_role("status")).to_contain_text("only moves forward")


def test_a_fault_is_injected_applied_and_listed_with_the_request(opened, server):
    page = opened()
    page.get_by_label("Fault", exact=True).select_option("504")
    page.get_by_label("Path").fill("/v1/groups")
    page.get_by_label("Number").fill("2")
    page.get_by_role("button", name="Inject").click()
    expect(page.locator("#faults")).to_contain_text("504, 2 more")

    status = requests.get(f"{server.url}/v1/groups").status_code

    assert status == 504
    expect(page.locator("#latest")).to_contain_text("GET /v1/groups (504)")
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator("#faults")).to_contain_text("Every request is answered normally")


def test_connectors_are_added_in_states_and_the_account_is_reset_by_keyboard(opened, server):
    page = opened()
    page.get_by_label("Add groups").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.type("30")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_label("Broken", exact=True).fill("5")
    page.keyboard.press("Enter")
    expect(page.locator("#statistics")).to_contain_text("Connectors42")
    added = server.world.control.state()

    page.locator("summary", has_text="Reset").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Reset").press("Enter")
    expect(page.locator("#statistics")).to_contain_text("Connectors12")

    assert (added["groups"], added["setup_states"]["broken"]) == (3, 6)


def test_a_snapshot_is_taken_and_restored(opened, server):
    page = opened()
    page.locator("summary", has_text="Snapshots").click()
    page.get_by_label("Name", exact=True).fill("Before the demo")
    page.get_by_role("button", name="Take a snapshot").click()
    expect(page.locator("#snapshots")).to_contain_text("2026-11-20 12:00 UTC, 12 connectors")
    page.get_by_role("button", name="+1 day").click()
    row(page, "salesforce_crm").get_by_role("button", name="Break salesforce_crm").click()
    expect(row(page, "salesforce_crm")).to_contain_text("Broken")

    page.get_by_role("button", name="Restore Before the demo").click()

    expect(page.locator("#now")).to_have_text("2026-11-20 12:00:00")
    expect(row(page, "salesforce_crm")).to_contain_text("Healthy")
    page.get_by_role("button", name="Delete Before the demo").click()
    expect(page.locator("#snapshots")).to_have_text("None yet.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(opened, scheme):
    page = opened(width=390, color_scheme=scheme)

    widths = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")

    assert widths[0] <= widths[1]
