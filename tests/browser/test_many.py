"""Many connectors at once: chosen rows, what is shown as a file, and what was not finished."""

import csv
import io
import re

import requests
from playwright.sync_api import Locator, Page, expect

from tests.browser import steps


def choose(page: Page, *names: str) -> Locator:
    """Choose rows by their names and return the bar that acts on them."""
    for name in names:
        page.get_by_role("checkbox", name=f"Choose {name}", exact=True).check()
    return page.get_by_role("group", name="Chosen connectors")


def paused(product: str) -> set[str]:
    """The permanent names of the connectors that are paused."""
    listed = requests.get(f"{product}/_/connectors?status=Paused", timeout=10).json()
    return {connector["schema"] for connector in listed}


def test_an_action_falls_on_the_rows_that_were_chosen_though_the_list_turns_round(
    product, visit, control, ids
):
    visitor = visit(f"{product}/connectors?sort=status")
    page, before = visitor.page, paused(product)
    bar = choose(page, "salesforce_crm", "google_ads_emea")
    expect(bar).to_contain_text("2 chosen")

    control("POST", f"connections/{ids['sales_targets.plan']}/report", setup_state="broken")
    expect(steps.row(page, "sales_targets.plan")).to_contain_text("Needs you")
    bar.get_by_role("button", name="Pause").click()

    expect(page.get_by_text("Pause: all 2 done.")).to_be_visible()
    expect(bar).to_be_hidden()
    assert paused(product) - before == {"salesforce_crm", "google_ads_emea"}

    # A toast has a Close of its own.
    page.locator(".st-key-batch").get_by_role("button", name="Close").click()
    expect(page.get_by_text("Pause: all 2 done.")).to_be_hidden()


def test_each_row_has_its_own_result(product, visit):
    page = visit(f"{product}/connectors").page

    choose(page, "facebook_ads_dach", "stripe_payments").get_by_role(
        "button", name="Sync now"
    ).click()

    expect(page.get_by_text("Sync now: 1 done, 1 not.")).to_be_visible()
    expect(
        page.get_by_role("row", name=re.compile("facebook_ads_dach Fivetran refused the request"))
    ).to_be_visible()
    expect(page.get_by_role("row", name="stripe_payments Sync started")).to_be_visible()


def test_chosen_rows_are_deleted_once_the_word_is_typed_and_had_back_at_once(product, visit, ids):
    names = ("hubspot_marketing", "linkedin_ads_b2b")
    page = visit(f"{product}/connectors").page
    choose(page, *names).get_by_role("button", name="Delete").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("hubspot_marketing")
    button = question.get_by_role("button", name="Delete 2")
    expect(button).to_be_disabled()

    question.get_by_role("textbox").press_sequentially("DELETE")
    button.click()

    expect(question).to_be_hidden()
    expect(page.get_by_text("Delete: all 2 done.")).to_be_visible()
    page.get_by_text("Recently deleted (2)").click()
    for name in names:
        expect(page.get_by_role("checkbox", name=f"Choose {name}")).to_have_count(0)
    answer = requests.get(f"{product}/_/connectors/{ids['hubspot_marketing']}", timeout=10)
    assert answer.status_code == 404
    page.get_by_role("button", name="Undo all 2").click()

    expect(page.get_by_text("Undo: all 2 done.")).to_be_visible()
    for name in names:
        expect(page.get_by_role("checkbox", name=f"Choose {name}")).to_be_visible()


def test_what_is_shown_is_downloaded(product, visit):
    page = visit(f"{product}/connectors?status=Not%20finished").page

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download CSV").click()

    text = waiting.value.path().read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Permanent name"] for row in rows] == ["facebook_ads_dach"]
    assert rows[0]["Status"] == "Not finished"


def test_a_category_is_chosen_and_stands_in_the_address(product, visit):
    page = visit(f"{product}/connectors").page
    listed = page.get_by_role("combobox", name="Category")
    finance = listed.locator("option", has_text="Finance")

    listed.select_option(finance.inner_text())

    page.wait_for_url("**category=Finance*")
    expect(steps.row(page, "stripe_payments")).to_be_visible()
    expect(steps.row(page, "zendesk_support")).to_have_count(0)
    page.reload()
    expect(steps.row(page, "zendesk_support")).to_have_count(0)
