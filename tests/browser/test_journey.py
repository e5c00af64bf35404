from playwright.sync_api import expect

from tests.browser import steps


def test_from_an_empty_browser_to_a_connector_that_works(product, visit, control):
    visitor = visit(product)
    page = visitor.page

    page.get_by_role("button", name="Connect a source").click()
    steps.choose_service(visitor, "google she", "Google Sheets")
    steps.create(visitor, "Möbel & Küche")
    steps.fill_google_sheets(page)
    steps.save_and_test(page)
    steps.come_back(visitor)

    expect(page.get_by_text("is connected.")).to_be_visible()
    row = steps.row(page, "Möbel & Küche")
    expect(row).to_contain_text("mobel_kuche.mobel_kuche")
    expect(row).to_contain_text("First sync")
    control("POST", "clock", advance=60)
    expect(row).to_contain_text("Working")
    assert "?" not in page.url


def test_setup_tests_that_fail_can_be_tried_again(product, visit):
    visitor = visit(f"{product}/connect?service=google_sheets")
    page = visitor.page

    steps.create(visitor, "Second try")
    steps.fill_google_sheets(page)
    steps.save_and_test(page, passing=False)
    expect(page.get_by_role("alert")).to_contain_text("try again")
    typed = page.get_by_label("Sheet ID").input_value()
    steps.save_and_test(page)
    steps.come_back(visitor)

    assert typed == "1AbC-sheet"
    expect(steps.row(page, "Second try")).to_contain_text("First sync")


def test_a_broken_connector_is_reconnected(product, visit):
    visitor = visit(f"{product}/connectors")
    page = visitor.page

    broken = steps.row(page, "zendesk_support")
    expect(broken).to_contain_text("Needs you")
    broken.get_by_role("button", name="Reconnect").click()
    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    if page.get_by_role("button", name="Authorise").count():
        page.get_by_role("button", name="Authorise").click()
        page.get_by_role("button", name="Allow").click()
    for box in page.locator("input[required]:visible:not([type=radio])").all():
        box.fill("value")
    steps.save_and_test(page)
    steps.come_back(visitor)

    expect(steps.row(page, "zendesk_support")).not_to_contain_text("Needs you")
    expect(steps.row(page, "zendesk_support")).not_to_contain_text("Reconnect")


def test_who_gives_up_on_the_card_can_go_on_later(product, visit):
    visitor = visit(f"{product}/connect?service=google_sheets")
    page = visitor.page

    steps.create(visitor, "Half done")
    page.goto(f"{product}/connect?service=google_sheets")
    visitor.settle()
    offer = page.get_by_text("was started but is not finished").filter(has_text="Half done")
    expect(offer).to_be_visible()
    page.goto(f"{product}/connectors")
    visitor.settle()
    row = steps.row(page, "Half done")
    expect(row).to_contain_text("Not finished")
    row.get_by_role("button", name="Finish set-up").click()

    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    expect(page.get_by_text("half_done.half_done")).to_be_visible()


def test_a_return_that_we_did_not_make_ends_in_the_list(product, visit):
    visitor = visit(f"{product}/_/return?state=forged&id=whatever")

    expect(visitor.page.get_by_text("This link was already used")).to_be_visible()
    expect(steps.row(visitor.page, "salesforce_crm")).to_be_visible()
    assert visitor.page.url == f"{product}/connectors"


def test_the_name_becomes_permanent_before_ones_eyes(product, visit):
    visitor = visit(f"{product}/connect?service=postgres")
    page = visitor.page

    page.get_by_role("textbox", name="Name").press_sequentially("2027 Käufe")

    expect(page.get_by_text("_2027_kaufe")).to_be_visible()


def test_a_name_that_is_taken_is_told_and_the_next_one_offered(product, visit):
    visitor = visit(f"{product}/connect?service=postgres")
    page = visitor.page

    page.get_by_role("textbox", name="Name").fill("Webshop")
    page.get_by_role("button", name="Use webshop_2").click()

    expect(page.get_by_role("textbox", name="Name")).to_have_value("webshop_2")
    expect(page.get_by_text("It cannot be changed later.")).to_be_visible()


def test_no_page_asks_another_host_for_anything(product, visit):
    visitor = visit(product)
    hosts = set()
    visitor.page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    for path in ("/", "/services", "/connectors", "/connect?service=google_sheets"):
        visitor.page.goto(product + path)
        visitor.settle()

    assert hosts == {product.split("/")[2]}


def test_the_keyboard_alone_completes_the_journey(product, visit):
    visitor = visit(f"{product}/services")
    page = visitor.page
    expect(page.get_by_role("searchbox", name="Search services")).to_be_visible()

    page.keyboard.press("/")
    page.keyboard.type("google sheets")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Google Sheets", level=1)).to_be_visible()
    press_until_focused(page, page.get_by_role("textbox", name="Name"))
    page.keyboard.type("By keyboard")
    press_until_focused(page, page.get_by_role("button", name="Create and continue"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    press_until_focused(page, page.get_by_role("button", name="Authorise"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    press_until_focused(page, page.get_by_role("button", name="Allow"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Authorised")).to_be_visible()
    press_until_focused(page, page.get_by_label("Sheet ID"))
    page.keyboard.type("1AbC")
    # Tab passes the button over until the card's script has loaded.
    expect(page.get_by_role("button", name="Save & Test")).to_be_enabled()
    press_until_focused(page, page.get_by_role("button", name="Save & Test"))
    page.keyboard.press("Enter")
    steps.come_back(visitor)

    expect(steps.row(page, "By keyboard")).to_contain_text("First sync")


def press_until_focused(page, target) -> None:
    for _ in range(60):
        if target.evaluate("element => element.getRootNode().activeElement === element"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not get there")
