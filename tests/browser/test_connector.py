import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visitor


@pytest.fixture
def open_connector(product, ids, visit) -> Callable[..., Visitor]:
    """Open the page of the connector of a permanent name."""

    def open_page(schema: str, page: str = "connector") -> Visitor:
        visitor = visit(f"{product}/{page}?id={ids[schema]}")
        expect(visitor.page.get_by_role("heading", level=1)).to_contain_text(schema)
        return visitor

    return open_page


def button(page: Page, name: str, *, disabled: bool | None = None):
    return page.get_by_role("button", name=name, exact=True, disabled=disabled)


def state(page: Page):
    return page.locator(".pbf-state")


def fact(page: Page, name: str):
    return page.locator(".pbf-facts div").filter(has_text=name).locator("dd")


def reason(page: Page, text: str):
    # Not the tooltip of the button, which says the same while the mouse is on it.
    return page.locator(".pbf-quiet").get_by_text(text)


def press_until_focused(page: Page, target) -> None:
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not get there")


def test_it_is_paused_and_resumed_on_the_spot(open_connector):
    page = open_connector("stripe_payments").page

    button(page, "Pause").click()
    expect(state(page)).to_contain_text("Paused")
    # Until the run ends, the button of the run before is still there, too.
    expect(button(page, "Pause", disabled=True)).to_have_count(1)
    expect(button(page, "Pause", disabled=False)).to_have_count(0)
    expect(reason(page, "It is already paused.")).to_be_visible()
    expect(steps.in_menu(page, "Sync now")).to_be_visible()
    expect(reason(page, "Resume it first.")).to_be_visible()
    page.keyboard.press("Escape")
    button(page, "Resume").click()

    expect(state(page)).to_contain_text("Working")
    expect(button(page, "Pause", disabled=False)).to_have_count(1)
    expect(button(page, "Pause", disabled=True)).to_have_count(0)


def test_a_double_click_syncs_once(open_connector, control, ids):
    visitor = open_connector("hubspot_marketing")
    page = visitor.page
    control("DELETE", "requests")
    control("POST", "faults", kind="delay", seconds=0.6, method="POST")

    double_click(page, "Sync now")

    expect(state(page)).to_contain_text("Syncing now.")
    visitor.settle()
    expect(button(page, "Sync now")).to_be_disabled()
    expect(page.get_by_role("alert").filter(has_text="Sync now:")).to_have_count(0)
    assert requests_of(control, "POST", ids["hubspot_marketing"], "/sync") == 1


def test_a_double_click_reads_history_again_once(open_connector, control, ids):
    visitor = open_connector("salesforce_crm")
    page = visitor.page
    control("DELETE", "requests")
    control("POST", "faults", kind="delay", seconds=0.6, method="POST")

    steps.in_menu(page, "Re-sync history").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("paid rows")
    double_click(page, "Read all data again")

    expect(dialog).to_have_count(0)
    expect(state(page)).to_contain_text("Re-reading its history now.")
    visitor.settle()
    assert requests_of(control, "POST", ids["salesforce_crm"], "/resync") == 1


def double_click(page: Page, name: str) -> None:
    """Click twice as a hand does, the second time while the first is still being done."""
    button(page, name).evaluate(
        """element => new Promise(done => {
          element.click();
          setTimeout(() => done(element.isConnected && element.click()), 100);
        })"""
    )


def requests_of(control, method: str, connector_id: str, what: str = "") -> int:
    """Return how often a request was sent to Fivetran for a connector."""
    expected = method, f"/v1/connections/{connector_id}{what}"
    requests = control("GET", "requests")["requests"]
    return sum((request["method"], request["path"]) == expected for request in requests)


def test_the_page_follows_and_what_one_types_stays(open_connector, control, ids):
    page = open_connector("google_ads_emea").page
    steps.in_menu(page, "Delete").click()
    box = page.get_by_role("textbox", name="Type its name to delete it")
    box.fill("google_ads")

    control("POST", f"connections/{ids['google_ads_emea']}/break")

    expect(state(page)).to_contain_text("Needs you")
    expect(box).to_have_value("google_ads")
    expect(button(page, "Delete it")).to_be_disabled()


def test_a_connector_is_deleted_by_typing_its_name_and_had_back(open_connector, control, ids):
    visitor = open_connector("google_analytics_web")
    page = visitor.page
    steps.in_menu(page, "Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("Until then you can undo this.")
    page.get_by_role("textbox").press_sequentially("google_analytics_web")
    button(page, "Delete it").click()

    expect(page.get_by_role("heading", name="Deleted")).to_be_visible()
    expect(page.get_by_text("It is deleted for good in 24 hours.")).to_be_visible()
    page.get_by_role("link", name="All connectors").click()
    expect(page.get_by_role("heading", name="Connectors", exact=True)).to_be_visible()
    page.get_by_text("Recently deleted (1)").click()
    expect(steps.row(page, "google_analytics_web")).to_have_count(0)
    double_click(page, "Undo")

    expect(steps.row(page, "google_analytics_web")).to_contain_text("Working")
    expect(page.get_by_text("Recently deleted")).to_have_count(0)
    assert requests_of(control, "PATCH", ids["google_analytics_web"]) == 2
    assert requests_of(control, "DELETE", ids["google_analytics_web"]) == 0


def test_what_is_deleted_is_deleted_for_good_at_once_if_one_insists(open_connector, control, ids):
    page = open_connector("facebook_ads_dach").page
    steps.in_menu(page, "Delete").click()
    page.get_by_role("textbox").press_sequentially("facebook_ads_dach")
    button(page, "Delete it").click()

    button(page, "Delete for good now").click()
    expect(page.get_by_role("dialog")).to_contain_text("This cannot be undone.")
    double_click(page, "Delete for good")

    expect(page.get_by_text("facebook_ads_dach is deleted for good.")).to_be_visible()
    expect(button(page, "Undo")).to_have_count(0)
    assert requests_of(control, "DELETE", ids["facebook_ads_dach"]) == 1


def test_instead_of_deleting_one_can_pause(open_connector):
    page = open_connector("linkedin_ads_b2b").page

    steps.in_menu(page, "Delete").click()
    button(page, "Pause instead").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(state(page)).to_contain_text("Paused")


def test_the_schedule_is_changed(open_connector):
    page = open_connector("sales_targets.plan").page
    expect(fact(page, "Schedule")).to_have_text("Daily at midnight in the destination's time zone")

    steps.in_menu(page, "Change schedule").click()
    expect(button(page, "Save")).to_be_disabled()
    page.get_by_text("At an interval").click()
    page.get_by_role("combobox", name="How often").click()
    page.get_by_role("option", name="Every 2 hours").click()
    button(page, "Save").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(fact(page, "Schedule")).to_have_text("Every 2 hours")
    steps.in_menu(page, "Change schedule").click()
    page.get_by_text("Manual only").click()
    button(page, "Save").click()
    expect(fact(page, "Schedule")).to_have_text("Manual only")


def test_a_schedule_on_some_days_is_shown_and_changed(open_connector, product, ids):
    mondays = {"schedule_type": "TIME_OF_DAY", "time_of_day": "02:00", "days_of_week": ["MONDAY"]}
    path = f"{product}/_/connectors/{ids['webshop']}"
    requests.patch(path, json={"schedule": mondays}, timeout=10).raise_for_status()
    page = open_connector("webshop").page
    expect(fact(page, "Schedule")).to_have_text("Mondays at 02:00 UTC")

    steps.in_menu(page, "Change schedule").click()
    expect(button(page, "Save")).to_be_disabled()
    page.get_by_role("dialog").get_by_label("On which days").click()
    page.get_by_role("option", name="Wed").click()
    page.keyboard.press("Tab")  # closes the list
    button(page, "Save").click()

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(fact(page, "Schedule")).to_have_text("Mon and Wed at 02:00 UTC")


def test_setup_tests_tell_each_result(open_connector):
    visitor = open_connector("zendesk_support")
    page = visitor.page

    steps.in_menu(page, "Run setup tests").click()
    results = page.get_by_role("dialog").get_by_role("listitem")
    expect(results).to_have_count(3)

    expect(results.nth(0)).to_contain_text("✓ Passed")
    expect(results.nth(1)).to_contain_text("! Failed")
    expect(results.nth(1)).to_contain_text("refused these credentials")
    pressed = button(page, "Run again").element_handle()
    pressed.click()
    # The results of the run before look the same; the new run has a button of its own.
    page.wait_for_function("button => !button.isConnected", arg=pressed)
    expect(results).to_have_count(3)
    visitor.settle()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_action_that_fails_is_told_and_can_be_tried_again(open_connector, control):
    visitor = open_connector("webshop")
    page = visitor.page
    control("POST", "faults", kind="500", method="PATCH")

    button(page, "Pause").click()
    expect(page.get_by_role("alert").filter(has_text="Pause:")).to_be_visible()
    visitor.settle()  # a second click on the button that was pressed does nothing
    button(page, "Pause").click()

    expect(page.get_by_role("alert").filter(has_text="Pause:")).to_have_count(0)
    expect(button(page, "Resume")).to_be_visible()


def test_the_keyboard_alone_reaches_and_does_it(open_connector):
    page = open_connector("jira_projects").page

    press_until_focused(page, button(page, "Resume"))
    page.keyboard.press("Enter")
    expect(state(page)).not_to_contain_text("Paused")
    press_until_focused(page, button(page, "More"))
    page.keyboard.press("Enter")
    press_until_focused(page, button(page, "Delete"))
    page.keyboard.press("Enter")
    box = page.get_by_role("textbox", name="Type its name to delete it")
    expect(box).to_be_visible()
    press_until_focused(page, box)
    page.keyboard.type("jira_projects")
    expect(button(page, "Delete it")).to_be_enabled()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(state(page)).to_be_visible()


def test_the_card_opens_in_this_tab(open_connector):
    page = open_connector("zendesk_support").page

    button(page, "Reconnect").click()

    expect(button(page, "Save & Test")).to_be_visible()


def test_a_table_that_is_searched_and_ticked_is_the_one_that_is_saved(open_connector, ids):
    page = open_connector("webshop", "tables").page
    page.get_by_role("searchbox", name="Search tables").fill("order_items")
    expect(page.get_by_text("1 shown here.")).to_be_visible()

    tick_first(page)
    expect(page.get_by_text("1 off: public.order_items")).to_be_visible()
    page.get_by_role("searchbox", name="Search tables").fill("")
    expect(page.get_by_text("1 off: public.order_items")).to_be_visible()
    button(page, "Save 1 change").click()

    expect(page.get_by_text(re.compile(r"^Saved\. \d+ of \d+ tables are synced\."))).to_be_visible()
    expect(page.get_by_text("Nothing is changed.")).to_be_visible()
    page.get_by_role("searchbox", name="Search tables").fill("order_items")
    expect(page.get_by_text("1 shown here.")).to_be_visible()
    tick_first(page)
    expect(page.get_by_text("1 on: public.order_items")).to_be_visible()


def tick_first(page: Page) -> None:
    """Tick the first row by the keyboard; the list is drawn on a canvas."""
    grid = page.get_by_test_id("stDataFrame")
    expect(grid.locator("canvas").first).to_be_visible()
    # For screen readers a table of the same rows lies in the canvas.
    expect(grid.locator("tbody tr")).to_have_count(1)
    expect(grid.locator("tbody tr")).to_contain_text("order_items")
    # A run that goes on would draw the list anew and take the focus from it.
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    grid.locator("canvas").first.focus()  # chooses the first cell
    expect(grid.locator("canvas").first).to_be_focused()
    expect(grid.locator("[role=gridcell][aria-selected=true]")).to_have_count(1)
    page.keyboard.press("Space")


def test_the_tables_lead_back_to_the_connector(open_connector):
    page = open_connector("stripe_payments").page

    page.get_by_role("link", name="Choose tables").click()
    expect(page.get_by_role("heading", name="Tables of stripe_payments")).to_be_visible()
    page.go_back()

    expect(page.get_by_role("heading", name="stripe_payments", exact=True)).to_be_visible()


# The clock is moved, so this comes last.
def test_the_tables_appear_when_the_first_sync_is_done(open_connector, control):
    page = open_connector("shopify_storefront", "tables").page
    expect(page.get_by_text("Its tables appear when the first sync is done.")).to_be_visible()

    control("POST", "clock", advance=3600)

    expect(page.get_by_text(re.compile(r"\d+ of \d+ tables are synced"))).to_be_visible()
