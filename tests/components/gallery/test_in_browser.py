from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.component_server import (
    forbid_inline_scripts,
    hidden_overflow,
    scroll_position,
    scroll_to,
    visitor,
)

pytestmark = pytest.mark.browser

TOTAL = 163
# A response from the server has a URL; the decompressed cards have none.
HOLD_CARDS = """
const json = Response.prototype.json;
Response.prototype.json = async function () {
  if (!this.url) await new Promise((resolve) => { window.release = resolve; });
  return json.call(this);
};
"""


def arrive(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_role("status").first).to_contain_text(f"of {TOTAL} services")
    expect(page.get_by_text("run 1", exact=True)).to_be_visible()


@pytest.fixture(scope="module")
def open_gallery(window: BrowserContext, server: str) -> Iterator[Page]:
    """One open gallery for tests that only search."""
    with visitor(window) as page:
        arrive(page, f"{server}/services")
        yield page


def search(page: Page, text: str) -> None:
    page.get_by_label("Search services").fill(text)


def names(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".card .name").all_text_contents()]


def chip(page: Page, name: str):
    return page.get_by_role("group", name="Category").get_by_role("button", name=name)


def test_a_search_shows_and_highlights_what_matches(page, server):
    arrive(page, f"{server}/services")

    search(page, "analytics")

    assert names(page) == ["Google Analytics 4", "Google Analytics 4 Export"]
    assert page.locator(".card mark").all_text_contents() == ["Analytics", "Analytics"]
    expect(page.get_by_role("status").first).to_have_text(f"2 of {TOTAL} services")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        pytest.param("GA4", ["Google Analytics 4", "Google Analytics 4 Export"], id="short-name"),
        pytest.param("meta", ["Facebook Ads"], id="new-owner"),
        pytest.param("sfdc", ["Salesforce"], id="initials"),
        pytest.param("mail chimp", ["Mailchimp"], id="space-between"),
        pytest.param("sheets google", ["Google Sheets"], id="words-in-another-order"),
        pytest.param("pipedrive", ["Pipedrive"], id="plain"),
        pytest.param("heroku_postgres", ["Heroku Postgres"], id="id"),
        pytest.param("finance", ["Stripe", "eBay"], id="category"),
        pytest.param("salsforce", ["Salesforce"], id="letter-missing"),
        pytest.param("stirpe", ["Stripe"], id="letters-swapped"),
        pytest.param("googel shets", ["Google Sheets"], id="two-words-wrong"),
    ],
)
def test_a_service_is_found_by_what_people_call_it(open_gallery, typed, expected):
    search(open_gallery, typed)

    assert names(open_gallery) == expected


def test_a_name_that_starts_with_the_search_comes_before_one_that_contains_it(open_gallery):
    search(open_gallery, "dri")

    assert names(open_gallery) == ["Drip", "Pipedrive"]


def test_near_matches_are_hidden_while_there_are_direct_ones(open_gallery):
    search(open_gallery, "drip")

    assert names(open_gallery) == ["Drip"]


def test_connected_services_come_first_then_popular_ones(page, server):
    arrive(page, f"{server}/services")

    assert names(page)[:3] == ["PostgreSQL", "Google Sheets", "Salesforce"]

    page.get_by_label("Sort").select_option("A to Z")

    assert names(page)[1:4] == ["Drip", "eBay", "Facebook Ads"]
    page.wait_for_url("**/services?sort=name")


def test_the_service_opened_last_comes_first_the_next_time(page, server):
    arrive(page, f"{server}/services")

    page.get_by_role("link", name="Drip", exact=True).click()
    page.wait_for_url("**/connect?service=drip")
    expect(page.locator(".card")).to_have_count(0)
    page.go_back()
    expect(page.locator(".card")).to_have_count(TOTAL)

    assert names(page)[:2] == ["Drip", "PostgreSQL"]


def test_a_category_narrows_and_its_number_follows_the_search(page, server):
    arrive(page, f"{server}/services")
    expect(chip(page, "All")).to_have_text(f"All {TOTAL}")

    search(page, "google")
    chip(page, "Marketing").click()

    expect(chip(page, "All")).to_have_text("All 3")
    expect(chip(page, "Marketing")).to_have_text("Marketing 2")
    expect(chip(page, "Marketing")).to_have_attribute("aria-pressed", "true")
    expect(chip(page, "Database")).to_have_text("Database 0")
    assert names(page) == ["Google Analytics 4", "Google Analytics 4 Export"]


def test_a_second_click_on_a_category_removes_the_filter(page, server):
    arrive(page, f"{server}/services?category=Sales")
    assert names(page) == ["Salesforce", "Pipedrive"]

    chip(page, "Sales").click()

    expect(page.locator(".card")).to_have_count(TOTAL)
    page.wait_for_url("**/services")


def test_the_url_follows_without_a_run_or_a_history_entry_and_restores_the_view(page, server):
    arrive(page, f"{server}/services?embed_options=x&other=1")
    entries = page.evaluate("history.length")

    page.get_by_label("Search services").press_sequentially("google")
    chip(page, "Marketing").click()
    page.wait_for_url("**q=google&category=Marketing")

    assert "other=1" in page.url
    assert page.evaluate("history.length") == entries
    expect(page.get_by_text("run 1", exact=True)).to_be_visible()

    arrive(page, page.url)

    assert names(page) == ["Google Analytics 4", "Google Analytics 4 Export"]
    expect(page.get_by_label("Search services")).to_have_value("google")


def test_a_card_opens_within_the_session_with_one_history_entry(page, server):
    arrive(page, f"{server}/services")
    entries = page.evaluate("history.length")

    page.get_by_role("link", name="Stripe", exact=True).click()

    page.wait_for_url("**/connect?service=stripe")
    expect(page.get_by_text("run 2 for stripe")).to_be_visible()
    assert page.evaluate("history.length") == entries + 1


def test_back_restores_the_gallery_as_it_was(page, server):
    arrive(page, f"{server}/services")
    search(page, "filler")
    chip(page, "Other").click()
    expect(page.locator(".card")).to_have_count(150)
    scroll_to(page, 1500)

    page.locator(".card .open").nth(42).click()
    expect(page.get_by_text("run 2 for filler_42")).to_be_visible()
    entries = page.evaluate("() => history.length")
    page.go_back()

    expect(page.get_by_label("Search services")).to_have_value("filler")
    expect(chip(page, "Other")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("run 3", exact=True)).to_be_attached()
    page.wait_for_function(
        "() => { const top = document.querySelector('[data-testid=stMain]').scrollTop;"
        " return top > 1000 && Math.abs(top - history.state.pbf.top) < 2; }"
    )
    assert page.evaluate("history.length") == entries


def test_a_card_opens_in_a_new_tab_with_the_control_key(page, server):
    arrive(page, f"{server}/services")

    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Stripe", exact=True).click(modifiers=["Control"])

    expect(opened.value.get_by_text("run 1 for stripe")).to_be_visible()
    expect(page.get_by_text("run 1", exact=True)).to_be_visible()


def test_the_whole_card_is_the_link_and_the_documentation_has_its_own(page, server):
    arrive(page, f"{server}/services")

    docs = page.get_by_role("link", name="Stripe documentation")
    expect(docs).to_have_attribute("href", "https://example.com/docs/stripe")
    expect(docs).to_have_attribute("target", "_blank")
    expect(docs).to_have_attribute("rel", "noopener")

    page.locator(".card", has_text="All of Stripe.").click(position={"x": 8, "y": 100})

    page.wait_for_url("**/connect?service=stripe")


def focused_text(page: Page) -> str:
    return page.evaluate(
        "() => { let element = document.activeElement;"
        " while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;"
        " return element.matches('input') ? 'search' : element.textContent.trim(); }"
    )


def test_the_keyboard_alone_searches_moves_and_opens(page, server):
    arrive(page, f"{server}/services")

    page.keyboard.press("/")
    assert focused_text(page) == "search"
    page.keyboard.type("filler")
    expect(page.locator(".card")).to_have_count(150)
    steps = {}
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowLeft", "End", "Home", "ArrowUp"):
        page.keyboard.press(key)
        steps[key] = focused_text(page)
    columns = int(steps["ArrowLeft"][-3:])

    assert columns >= 2
    assert steps == {
        "ArrowDown": f"Filler {columns + 1:03}",
        "ArrowRight": "Filler 001",
        "ArrowLeft": f"Filler {columns:03}",
        "End": "Filler 149",
        "Home": "Filler 000",
        "ArrowUp": "search",
    }

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    page.wait_for_url("**/connect?service=filler_1")


def test_escape_goes_back_to_the_search_and_then_clears_it(page, server):
    arrive(page, f"{server}/services?q=google")
    page.get_by_role("link", name="Google Sheets", exact=True).focus()

    page.keyboard.press("Escape")

    assert focused_text(page) == "search"
    expect(page.get_by_label("Search services")).to_have_value("google")

    page.keyboard.press("Escape")

    expect(page.get_by_label("Search services")).to_have_value("")
    expect(page.locator(".card")).to_have_count(TOTAL)


def test_a_slash_typed_into_the_search_is_a_slash(page, server):
    arrive(page, f"{server}/services")

    page.get_by_label("Search services").press_sequentially("a/b")

    expect(page.get_by_label("Search services")).to_have_value("a/b")


def test_an_icon_that_fails_becomes_a_monogram(page, server):
    arrive(page, f"{server}/services")

    broken = page.locator(".card", has_text="All of Salesforce.").locator(".icon")
    absent = page.locator(".card", has_text="All of Google Sheets.").locator(".icon")

    expect(broken).to_have_text("SA")
    expect(broken.locator("img")).to_have_count(0)
    expect(absent).to_have_text("GS")


def test_release_phase_and_the_number_of_connectors_are_in_words(page, server):
    arrive(page, f"{server}/services")

    badges = page.locator(".card", has_text="All of PostgreSQL.").locator(".badge")

    assert badges.all_text_contents() == ["Beta", "2 connected"]


def test_an_alias_is_highlighted_as_far_as_it_is_typed(page, server):
    arrive(page, f"{server}/services")
    why = page.locator(".card", has_text="All of Facebook Ads.").locator(".why")

    for typed in ("met", "meta"):
        search(page, typed)

        expect(why.locator("mark")).to_have_text([typed], ignore_case=True)


def test_icons_and_highlights_appear_on_cards_as_they_become_visible(page, server):
    arrive(page, f"{server}/services")
    search(page, "filler")
    expect(page.locator(".card")).to_have_count(150)
    last = page.locator(".card", has_text="Filler 149")

    last.scroll_into_view_if_needed()

    expect(last.locator(".icon")).to_have_text("F1")
    expect(last.locator("mark")).to_have_text(["Filler"])


def test_a_key_moves_also_to_cards_that_are_not_drawn_yet(page, server):
    arrive(page, f"{server}/services")

    page.get_by_label("Search services").press_sequentially("filler")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")

    assert focused_text(page) == "Filler 149"


def test_nothing_from_the_data_runs_or_becomes_a_link(page, server):
    arrive(page, f"{server}/services?q=evil")
    evil = page.locator(".card")

    expect(evil).to_have_count(1)
    expect(evil.locator(".name")).to_have_text("<img src=x onerror=window.hacked=2> Evil")
    expect(evil.locator("a")).to_have_count(1)
    expect(evil.locator("img")).to_have_count(0)
    assert page.evaluate("window.hacked") is None

    search(page, '"><img src=x onerror=window.hacked=7>')

    expect(page.locator(".nothing")).to_contain_text('"><img src=x onerror=window.hacked=7>')
    assert page.evaluate("window.hacked") is None


def test_a_path_that_leads_to_another_host_becomes_no_link(page, server):
    arrive(page, f"{server}/services?q=salesforce")

    expect(page.get_by_role("link", name="Salesforce documentation")).to_have_count(0)


def test_a_search_without_matches_suggests_the_closest_names(page, server):
    arrive(page, f"{server}/services")

    search(page, "saleforec12")

    nothing = page.locator(".nothing")
    expect(nothing).to_contain_text("No service matches \u201csaleforec12\u201d.")
    expect(nothing.get_by_role("link", name="Salesforce")).to_be_visible()

    page.get_by_role("button", name="Clear search").last.click()

    expect(page.locator(".card")).to_have_count(TOTAL)
    assert focused_text(page) == "search"


def test_a_search_without_matches_in_its_category_offers_all_categories(page, server):
    arrive(page, f"{server}/services?q=stripe&category=Marketing")

    page.get_by_role("button", name="Show 1 in all categories").click()

    assert names(page) == ["Stripe"]


def test_a_new_version_of_the_cards_keeps_the_search(page, server):
    arrive(page, f"{server}/services")
    search(page, "filler")
    expect(page.locator(".card")).to_have_count(150)

    page.get_by_role("button", name="One more").click()

    expect(page.locator(".card")).to_have_count(151)
    expect(page.get_by_label("Search services")).to_have_value("filler")


def test_a_new_version_of_the_cards_keeps_the_focus_and_the_scroll_position(page, server):
    arrive(page, f"{server}/services?q=d")
    page.set_viewport_size({"width": 1280, "height": 420})
    title = page.get_by_role("link", name="Drip", exact=True)
    title.focus()
    count = page.locator(".card").count()
    scroll_to(page, 120)

    page.get_by_role("button", name="One more").evaluate("button => button.click()")

    expect(page.get_by_text("run 2", exact=True)).to_be_visible()
    expect(page.get_by_role("status").first).to_contain_text(f"of {TOTAL + 1} services")
    assert (focused_text(page), page.locator(".card").count()) == ("Drip", count)
    assert scroll_position(page) == 120


def test_there_is_no_search_before_there_are_cards(page, server):
    with page.add_init_script(HOLD_CARDS):
        page.goto(f"{server}/services")
        page.wait_for_function("Boolean(window.release)")
    field = page.get_by_label("Search services")
    expect(field).to_be_hidden()

    page.evaluate("window.release()")

    expect(field).to_be_visible()
    expect(page.locator(".card")).to_have_count(TOTAL)


def test_a_phone_shows_one_column_without_horizontal_scrolling(page, server):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server}/services")
    expect(page.locator(".card")).to_have_count(TOTAL)

    boxes = [page.locator(".card").nth(index).bounding_box() for index in (0, 1)]

    assert boxes[0]["x"] == boxes[1]["x"]
    assert hidden_overflow(page) == 0


def test_it_works_under_a_strict_content_security_policy(page, server):
    forbid_inline_scripts(page)
    arrive(page, f"{server}/services")

    search(page, "salesforce")

    expect(page.locator(".card .icon")).to_have_text("SA")
    page.get_by_role("link", name="Salesforce", exact=True).click()
    page.wait_for_url("**/connect?service=salesforce")


def test_what_is_not_found_can_be_asked_for(page, server):
    arrive(page, f"{server}/services")
    search(page, "  Zyqwx <b>&")
    button = page.get_by_role("button", name="Ask for it.")

    button.dblclick()

    expect(page.get_by_text("asked for Zyqwx <b>&")).to_be_visible()
    expect(page.get_by_text("run 2", exact=True)).to_be_visible()
    expect(page.get_by_label("Search services")).to_have_value("  Zyqwx <b>&")


def test_what_is_found_cannot_be_asked_for(open_gallery):
    search(open_gallery, "stripe")

    expect(open_gallery.get_by_role("button", name="Ask for it.")).to_have_count(0)


def test_asking_is_offered_only_where_somebody_can_be_answered(page, server):
    arrive(page, f"{server}/services?closed=1")

    search(page, "Zyqwx")

    expect(page.get_by_text("No service matches")).to_be_visible()
    expect(page.get_by_role("button", name="Ask for it.")).to_have_count(0)
