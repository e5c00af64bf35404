import csv
import json
import re

import pytest
from playwright.sync_api import Locator, Page, expect

from pbf.components.bundle import without_imports
from tests.support.component_server import (
    forbid_inline_scripts,
    hidden_overflow,
    scroll_position,
    scroll_to,
)
from tests.support.servers import ROOT
from tests.support.variants import exhaustive

FORMULAS = json.loads((ROOT / "tests" / "support" / "formulas.json").read_text())
DOWNLOAD = ROOT / "pbf" / "components" / "connector_table" / "download.js"

pytestmark = pytest.mark.browser


def arrive(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_role("status").first).to_contain_text("connectors")
    expect(page.get_by_text("run 1", exact=True)).to_be_attached()


def rows(page: Page) -> Locator:
    return page.locator("tbody [role=row]")


def row(page: Page, number: int) -> Locator:
    return page.locator(f"[data-id=c{number}]")


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("tbody .name").all_text_contents()]


def search(page: Page, text: str) -> None:
    page.get_by_label("Search connectors").fill(text)


def header(page: Page, name: str) -> Locator:
    return page.get_by_role("columnheader", name=name)


def chip(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Status").get_by_role("button", name=name)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("orders 003", ["Orders 003"], id="name"),
        pytest.param("postgres_4", ["Orders 004"], id="permanent-name"),
        pytest.param("google sheets", ["Orders 002", "Orders 005"], id="service"),
        pytest.param("paused", ["Orders 002", "Orders 006"], id="status"),
        pytest.param("stripe paus", ["Orders 006"], id="several-columns"),
    ],
)
def test_a_search_looks_at_name_permanent_name_service_and_status(page, server, typed, expected):
    arrive(page, f"{server}/connectors")

    search(page, typed)

    assert names(page) == expected
    expect(page.get_by_role("status").first).to_have_text(f"{len(expected)} of 8 connectors")


def test_a_search_without_matches_says_so_and_offers_to_clear_the_filters(page, server):
    arrive(page, f"{server}/connectors?q=nowhere&status=Paused")

    expect(page.locator(".nothing")).to_contain_text(
        "No connector matches \u201cnowhere\u201d with the status \u201cPaused\u201d."
    )
    page.get_by_role("button", name="Clear filters").click()

    expect(rows(page)).to_have_count(8)
    page.wait_for_url("**/connectors")


def test_a_status_narrows_and_its_number_follows_the_search(page, server):
    arrive(page, f"{server}/connectors")

    search(page, "stripe")
    chip(page, "Failing").click()

    expect(chip(page, "All")).to_have_text("All 3")
    expect(chip(page, "Failing")).to_have_text("Failing 0")
    expect(chip(page, "Failing")).to_have_attribute("aria-pressed", "true")

    search(page, "")

    assert names(page) == ["Orders 001", "Orders 005"]
    page.wait_for_url("**/connectors?status=Failing")


@pytest.mark.parametrize(
    ("query", "label", "expected"),
    [
        pytest.param("late=..0.25", "On time", [1, 3, 4, 5, 7], id="on-time"),
        pytest.param("late=0.25..1", "Late by 0.25 to 1 intervals", [8, 9, 11], id="late"),
        pytest.param(
            *("weekly=11&late=0.25..1", "Late by 0.25 to 1 intervals", [8, 9]), id="weekly-not-late"
        ),
        pytest.param("late=never", "No success yet", [0], id="never"),
        pytest.param("late=none", "Not measured", [2, 6, 10], id="not-measured"),
        pytest.param("failed=1..2", "Failed 1 to 2 hours ago", [1, 5, 9, 13], id="failed"),
        pytest.param("ended=1..3", "Ended 1 to 3 hours ago", [1, 2, 5, 9, 13], id="either"),
    ],
)
def test_a_range_in_the_url_narrows_and_can_be_removed(page, server, query, label, expected):
    page.clock.install(time="2026-11-23T15:00:00Z")
    arrive(page, f"{server}/connectors?rows=14&sort=name&{query}")

    assert [int(name.removeprefix("Orders ")) for name in names(page)] == expected
    expect(chip(page, "All")).to_have_text(f"All {len(expected)}")
    page.get_by_role("button", name=re.compile(f"^{label} .*remove this filter")).click()

    expect(rows(page)).to_have_count(14)
    page.wait_for_url(re.compile(r"/connectors\?rows=14&sort=name(&weekly=11)?$"))


@pytest.mark.parametrize(
    "query", ["late=..", *map(exhaustive, ["late=soon", "succeeded=never", "late=1..x"])]
)
def test_an_invalid_range_is_ignored(page, server, query):
    arrive(page, f"{server}/connectors?{query}")

    expect(rows(page)).to_have_count(8)
    expect(page.get_by_text("remove this filter")).to_be_hidden()


def test_most_urgent_comes_first_when_sorted_by_status(page, server):
    arrive(page, f"{server}/connectors")

    header(page, "Status").get_by_role("button").click()

    statuses = [text.strip() for text in page.locator("tbody .status").all_text_contents()]
    assert statuses == [
        *["Failing"] * 2,
        *["Needs you"] * 2,
        *["Paused"] * 2,
        *["Working"] * 2,
    ]
    expect(header(page, "Status")).to_have_attribute("aria-sort", "ascending")


def test_clicks_on_a_header_sort_then_reverse_then_restore_the_order(page, server):
    arrive(page, f"{server}/connectors")
    button = header(page, "Last success").get_by_role("button")

    button.click()
    assert names(page)[::7] == ["Orders 007", "Orders 000"]
    button.click()
    assert names(page)[::7] == ["Orders 001", "Orders 000"]
    expect(header(page, "Last success")).to_have_attribute("aria-sort", "descending")
    page.wait_for_url("**/connectors?sort=-last")
    button.click()
    assert names(page)[::7] == ["Orders 000", "Orders 007"]
    expect(button).to_be_focused()


def test_a_copied_url_shows_the_same_view(page, server):
    arrive(page, f"{server}/connectors?q=orders&status=Paused&sort=-name")

    assert names(page) == ["Orders 006", "Orders 002"]
    expect(page.get_by_label("Search connectors")).to_have_value("orders")


def test_a_double_click_on_an_action_reaches_the_script_once(page, server):
    arrive(page, f"{server}/connectors")

    page.get_by_role("button", name="Edit set-up for Orders 001").dblclick()

    expect(page.get_by_text("asked edit:c1", exact=True)).to_be_attached()
    expect(page.get_by_text("run 2", exact=True)).to_be_attached()

    page.get_by_role("button", name="Refresh").click()

    expect(page.get_by_text("run 3", exact=True)).to_be_attached()
    expect(page.get_by_text("asked edit:c1", exact=True)).to_be_attached()


def test_the_menu_of_a_row_works_from_the_keyboard(page, server):
    arrive(page, f"{server}/connectors")
    button = page.get_by_role("button", name="More actions for Orders 003")
    items = page.get_by_role("menu").get_by_role("menuitem")

    button.press("ArrowDown")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(items.first).to_be_focused()
    assert items.all_text_contents() == ["Sync now", "Pause", "Documentation"]

    page.keyboard.press("End")
    expect(items.last).to_be_focused()
    expect(items.last).to_have_attribute("href", "https://example.com/docs/stripe")
    expect(items.last).to_have_attribute("target", "_blank")

    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")

    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_text("asked pause:c3", exact=True)).to_be_attached()
    expect(items).to_have_count(0)


def test_a_click_elsewhere_closes_the_menu(page, server):
    arrive(page, f"{server}/connectors")
    page.get_by_role("button", name="More actions for Orders 003").click()
    expect(page.get_by_role("menu")).to_be_visible()

    page.get_by_role("status").first.click()

    expect(page.get_by_role("menu")).to_be_hidden()


def test_new_data_updates_rows_in_place_and_keeps_menu_search_and_position(page, server):
    arrive(page, f"{server}/connectors?rows=300&q=orders&sort=-name")
    scroll_to(page, 3000)
    button = page.get_by_role("button", name="More actions for Orders 255")
    button.press("ArrowDown")
    expect(row(page, 255)).to_contain_text("Needs you")
    top = row(page, 255).bounding_box()["y"]

    page.get_by_role("button", name="Refresh").dispatch_event("click")

    expect(row(page, 255)).to_contain_text("Working")
    expect(page.get_by_role("menuitem", name="Sync now")).to_be_focused()
    expect(page.get_by_label("Search connectors")).to_have_value("orders")
    assert names(page)[0] == "Orders 299"
    assert abs(row(page, 255).bounding_box()["y"] - top) < 2


def test_new_data_keeps_the_focus_on_its_button(page, server):
    arrive(page, f"{server}/connectors?sort=status")
    button = page.get_by_role("button", name="More actions for Orders 003")
    button.focus()

    page.get_by_role("button", name="Refresh").dispatch_event("click")

    expect(row(page, 3)).to_contain_text("Working")
    expect(button).to_be_focused()


def test_the_connector_back_from_set_up_is_named_so_and_in_view(page, server):
    arrive(page, f"{server}/connectors?rows=300&marked=c250")

    expect(row(page, 250)).to_contain_text("Back from set-up")
    expect(row(page, 250)).to_be_in_viewport(ratio=1)


def test_thousands_of_rows_are_drawn_on_scrolling(page, server):
    arrive(page, f"{server}/connectors?rows=3000")
    expect(page.get_by_role("status").first).to_have_text("3,000 of 3,000 connectors")
    assert rows(page).count() < 100

    scroll_to(page, 6000)
    expect(row(page, 80)).to_be_attached()
    assert rows(page).count() < 300

    search(page, "orders 2999")
    assert names(page) == ["Orders 2999"]


def test_times_are_relative_with_a_title_in_utc_and_update_by_themselves(page, server):
    page.clock.install()
    arrive(page, f"{server}/connectors")
    time = row(page, 3).locator("time").last

    expect(time).to_have_text("3 hours ago")
    expect(time).to_have_attribute("title", "2026-11-23 12:00:00 UTC")
    expect(time).to_have_attribute("datetime", "2026-11-23T12:00:00.000Z")
    expect(row(page, 0)).to_contain_text("Not yet")
    expect(row(page, 3)).to_contain_text("for 2 days")

    page.clock.run_for(61 * 60 * 1000)

    expect(time).to_have_text("4 hours ago")


def test_a_name_opens_its_page_within_the_session_and_back_restores_the_view(page, server):
    arrive(page, f"{server}/connectors?rows=300&q=orders&status=Working")
    scroll_to(page, 2500)

    page.get_by_role("link", name="Orders 160").click()
    expect(page.get_by_text("run 2 for c160")).to_be_visible()
    page.go_back()

    expect(page.get_by_label("Search connectors")).to_have_value("orders")
    expect(chip(page, "Working")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("document.querySelector('[data-testid=stMain]').scrollTop > 2000")
    assert abs(scroll_position(page) - page.evaluate("history.state.pbf.top")) < 2


def test_nothing_from_the_data_runs_or_becomes_a_link(page, server):
    arrive(page, f"{server}/connectors?rows=1&hostile=1")
    evil = rows(page).last

    expect(evil.locator(".name")).to_have_text("<img src=x onerror=window.hacked=1>")
    expect(evil.locator("img")).to_have_count(0)
    evil.get_by_role("button", name="More actions").click()
    items = page.get_by_role("menuitem")
    expect(items).to_have_text(["<img src=x onerror=window.hacked=1>"])
    assert page.evaluate("window.hacked") is None

    items.first.click()

    expect(page.get_by_text("run 2", exact=True)).to_be_attached()
    assert page.evaluate("window.hacked") is None


def test_without_connectors_the_table_is_hidden(page, server):
    page.goto(f"{server}/connectors?rows=0")
    expect(page.get_by_text("run 1", exact=True)).to_be_visible()

    expect(page.get_by_label("Search connectors")).to_be_hidden()
    expect(page.get_by_role("table")).to_be_hidden()


def test_a_phone_shows_cards_that_can_be_sorted(page, server):
    page.set_viewport_size({"width": 390, "height": 844})
    arrive(page, f"{server}/connectors")

    expect(header(page, "Status")).to_be_hidden()
    page.get_by_label("Sort").select_option("Most urgent first")

    assert names(page)[0] == "Orders 001"
    edit = page.get_by_role("button", name="Edit set-up for Orders 001").bounding_box()
    assert edit["width"] > 250
    assert edit["height"] >= 44
    assert hidden_overflow(page) == 0


def test_it_works_under_a_strict_content_security_policy(page, server):
    forbid_inline_scripts(page)
    arrive(page, f"{server}/connectors")

    page.get_by_role("button", name="More actions for Orders 003").click()
    page.get_by_role("menuitem", name="Pause").click()

    expect(page.get_by_text("asked pause:c3", exact=True)).to_be_attached()


@pytest.mark.parametrize("case", FORMULAS, ids=[case["id"] for case in FORMULAS])
def test_the_browser_keeps_formulas_out_of_csv_as_the_server_does(page, case):
    source = without_imports(DOWNLOAD, DOWNLOAD.read_text())

    field = page.evaluate(f"text => {{ {source}; return csvField(text); }}", case["text"])

    assert next(csv.reader([field])) == [case["field"]]
    assert (field[0], field[-1]) == ('"', '"')
