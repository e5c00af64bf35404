"""Each story in a browser: played, followed to where it is seen, and taken back to the start."""

from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.support.accessibility import troubles_in_both_schemes

# On two busy processors a story takes up to two minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

DRAWN = "[data-testid=stApp][data-test-script-state=notRunning] .pbf-tiles"

Visit = Callable[[str], Visitor]


class Stage:
    """A visitor who plays stories."""

    def __init__(self, visitor: Visitor, product: str) -> None:
        self.visitor = visitor
        self.page: Page = visitor.page
        self.line = self.page.locator(".pbf-story[role=status]")
        self.product = product
        self.before = schemas(product)

    def play(self, title: str) -> None:
        """Choose a story in the sandbox's banner and play it."""
        self.page.get_by_role("link", name="Stories").click()
        card = self.page.locator("[class*='st-key-story-']").filter(
            has=self.page.get_by_role("heading", name=title, exact=True)
        )
        card.get_by_role("button", name="Play").click()
        self.expect_step(1, f"Story: {title}")

    def next(self, number: int, title: str) -> None:
        """Play the next step, which is of a number and says what happens."""
        self.page.get_by_role("button", name="Next", exact=True).click()
        self.expect_step(number, title)

    def expect_step(self, number: int, text: str) -> None:
        expect(self.line).to_contain_text(f"step {number} of")
        expect(self.line).to_contain_text(text)
        self.visitor.settle()

    def look(self, label: str, heading: str) -> None:
        """Go where the present step is seen."""
        self.page.get_by_role("link", name=label).click()
        expect(self.page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        self.visitor.settle()

    def see(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def see_no(self, text: str) -> None:
        expect(self.page.get_by_text(text)).to_have_count(0)

    def go_back(self) -> None:
        """Go back to the start, where everything is as it was."""
        self.page.get_by_role("button", name="Back to the start").click()
        expect(self.page.get_by_role("heading", name="Stories", exact=True)).to_be_visible()
        expect(self.line).to_have_count(0)
        self.visitor.settle()
        assert schemas(self.product) == self.before
        self.page.goto(f"{self.product}/connectors")
        self.see("zendesk_support")
        self.see("12 of 12 connectors")


def schemas(product: str) -> dict[str, str]:
    """The connectors of the first tenant by their permanent names."""
    answer = requests.get(f"{product}/_/connectors", timeout=10)
    return {item["schema"]: item["id"] for item in answer.json()}


@pytest.fixture
def stage(product, visit: Visit) -> Stage:
    return Stage(visit(f"{product}/connectors"), product)


def test_a_credential_expires(stage: Stage):
    page = stage.page
    stage.play("A credential expires")
    stage.see("4 of 4 connectors")
    assert troubles_in_both_schemes(page, within=".st-key-pbf-story") == []

    stage.next(2, "The password of production expires.")
    stage.look("See the connectors", "Connectors")
    row = page.get_by_role("row").filter(has_text="production")
    expect(row).to_contain_text("Needs you")
    expect(row.get_by_role("button", name="Reconnect")).to_be_visible()

    stage.next(3, "People are notified without asking.")
    stage.look("See the incidents", "Incidents")
    stage.see("Under way (1)")
    stage.see("production needs you: reconnect")

    stage.next(4, "Its own page says why.")
    stage.look("See the connector", "production")
    stage.see("The source no longer accepts the stored credentials.")

    stage.next(5, "Somebody has reconnected it.")
    stage.look("See the incidents", "Incidents")
    stage.see("Under way (0)")
    stage.see("Past (1)")
    expect(page.get_by_role("button", name="Next", exact=True)).to_have_count(0)

    stage.go_back()
    page.goto(f"{stage.product}/incidents")
    stage.visitor.settle()
    stage.see_no("production needs you: reconnect")


def test_fivetran_is_down_for_ten_minutes(stage: Stage):
    # The library of the charts takes long to load the first time.
    stage.page.goto(stage.product)
    stage.page.wait_for_selector(DRAWN, timeout=90_000)
    stage.play("Fivetran is down for ten minutes")
    stage.see("14 of 14 connectors")

    stage.next(2, "Fivetran fails to answer.")
    stage.look("See the connectors", "Connectors")
    stage.see("Fivetran failed to answer (502).")
    stage.see("14 of 14 connectors")

    stage.next(3, "The rest of the dashboard goes on.")
    stage.look("See the overview", "Acme Ltd")
    stage.see("All connectors")
    stage.see("Fivetran failed to answer (502).")

    stage.next(4, "Fivetran answers again.")
    stage.look("See the connectors", "Connectors")
    stage.see("14 of 14 connectors")
    stage.see_no("Fivetran failed to answer (502).")

    stage.go_back()


def test_the_rate_limit_is_near(stage: Stage):
    stage.play("The rate limit is near")
    stage.see("40 of 40 connectors")

    stage.next(2, "Few requests are left.")
    stage.look("See the connectors", "Connectors")
    stage.see("of this hour's 500 requests to Fivetran are left")

    stage.next(3, "The limit is used up.")
    stage.look("See the connectors", "Connectors")
    stage.see("The account's limit of requests to Fivetran is used up.")
    stage.see("40 of 40 connectors")

    stage.next(4, "Requests are left again.")
    stage.look("See the connectors", "Connectors")
    stage.see("40 of 40 connectors")
    stage.see_no("of this hour's 500 requests to Fivetran are left")
    stage.see_no("The account's limit of requests to Fivetran is used up.")

    stage.go_back()


def test_schema_drift(stage: Stage):
    stage.play("Schema drift")
    expect(stage.page.get_by_role("heading", name="Tables of webshop")).to_be_visible()
    stage.see("7 of 8 tables are synced.")

    stage.next(2, "Developers add two tables.")
    stage.look("See its tables", "Tables of webshop")
    stage.see("9 of 10 tables are synced.")
    stage.see("New tables and columns in the source are synced automatically.")

    stage.next(3, "A sensitive table appears in payroll.")
    stage.look("See its tables", "Tables of payroll")
    stage.see("7 of 9 tables are synced.")

    stage.go_back()


def test_a_thousand_customers(stage: Stage):
    page = stage.page
    stage.play("A thousand customers")
    # Admins of a tenant do not see other tenants.
    page.get_by_role("button", name="Look as Olivia Grant, who sees it").click()
    expect(page.get_by_role("heading", name="Tenants", exact=True)).to_be_visible()
    stage.see("61 of 1,003 tenants need somebody.")

    stage.next(2, "Hooli loses all its connectors.")
    stage.look("See the tenants", "Tenants")
    stage.see("62 of 1,003 tenants need somebody.")
    expect(page.locator(".pbf-records tbody tr").first).to_contain_text("Hooli")

    page.get_by_role("button", name="Back to the start").click()
    expect(page.get_by_role("heading", name="Stories", exact=True)).to_be_visible()
    page.goto(f"{stage.product}/tenants")
    stage.visitor.settle()
    stage.see("of 3 tenants need somebody.")
    assert schemas(stage.product) == stage.before


def test_the_page_of_somebody_else_follows_a_story(stage: Stage, product, visit: Visit):
    other = visit(f"{product}/incidents")
    line = other.page.locator(".pbf-story[role=status]")
    expect(line).to_have_count(0)

    stage.play("A credential expires")
    expect(line).to_contain_text("step 1 of 5")
    stage.next(2, "The password of production expires.")

    expect(line).to_contain_text("step 2 of 5")
    expect(other.page.get_by_text("Under way (1)")).to_be_visible()
    stage.go_back()
    expect(line).to_have_count(0)
