"""Each of the nine states: brought about, shown, explained and put right from the screen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.conftest import Visitor, controls
from tests.support.servers import dashboard

HOURS = 3600


@dataclass(frozen=True)
class Case:
    """A state of one connector: how it comes about, what is told, what puts it right."""

    schema: str
    word: str
    reason: str
    right: Callable[["Stage"], None]
    then: str
    step: str = ""
    reported: Mapping[str, str] = field(default_factory=dict)
    seeded: str = ""


@dataclass
class Stage:
    """The connector on the screen, and the sandbox behind it."""

    visitor: Visitor
    control: Callable[..., dict]
    schema: str

    @property
    def page(self) -> Page:
        return self.visitor.page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def wait(self, hours: float) -> None:
        self.control("POST", "clock", advance=hours * HOURS)


def on_the_card(button: str, *, in_menu: bool = False) -> Callable[[Stage], None]:
    """Go to the Connect Card, enter what it asks for, and come back to the connector."""

    def do(stage: Stage) -> None:
        page = stage.page
        if in_menu:
            steps.in_menu(page, button).click()
        else:
            stage.press(button)
        expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
        if page.get_by_role("button", name="Authorise").count():
            page.get_by_role("button", name="Authorise").click()
            page.get_by_role("button", name="Allow").click()
        for box in page.locator(
            "input:visible:is([required], [aria-required=true]):not([type=radio])"
        ).all():
            box.fill("value")
        steps.save_and_test(page)
        steps.come_back(stage.visitor)

    return do


def and_a_sync_later(step: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Do a step, see the sync that it starts, and let it end."""

    def do(stage: Stage) -> None:
        step(stage)
        row = steps.row(stage.page, stage.schema)
        expect(row).to_contain_text("The last sync failed; another one runs now.")
        stage.wait(0.05)

    return do


def press(name: str) -> Callable[[Stage], None]:
    return lambda stage: stage.press(name)


def wait(hours: float) -> Callable[[Stage], None]:
    return lambda stage: stage.wait(hours)


BY_HAND = {
    "working": Case("salesforce_crm", "Working", "On schedule.", press("Sync now"), "Syncing now."),
    "needs-you": Case(
        "zendesk_support",
        "Needs you",
        "no longer accepts the stored credentials",
        and_a_sync_later(on_the_card("Reconnect")),
        "On schedule.",
        step="Reconnect",
    ),
    "broken-and-tests-pass": Case(
        "hubspot_marketing",
        "Needs you",
        "The connection broke; a sync shows if it works.",
        press("Sync now"),
        "Syncing now.",
        step="Sync now",
        reported={"setup_state": "broken"},
    ),
    "failing": Case(
        "sample_",
        "Failing",
        "The last sync failed; Fivetran will try again.",
        and_a_sync_later(on_the_card("Edit on the Connect Card", in_menu=True)),
        "On schedule.",
        step="Sync now",
        seeded="failing_without_task",
    ),
    "late": Case(
        "linkedin_ads_b2b",
        "Late",
        "The last sync is later than its schedule allows.",
        press("Sync now"),
        "Working",
        step="Sync now",
    ),
    "paused": Case(
        "jira_projects",
        "Paused",
        "No data moves until it is resumed.",
        press("Resume"),
        "Working",
        step="Resume",
    ),
    "not-finished": Case(
        "facebook_ads_dach",
        "Not finished",
        "The set-up was started but not completed.",
        on_the_card("Finish set-up"),
        "Reading everything once",
        step="Finish set-up",
    ),
    "unknown": Case(
        "stripe_payments",
        "Unknown",
        "Fivetran reports a state that is new to us.",
        press("Sync now"),
        "Syncing now.",
        step="Sync now",
        reported={"sync_state": "hibernating"},
    ),
}


BY_TIME = {
    "first-sync": Case(
        "shopify_storefront", "First sync", "Reading everything once", wait(1), "On schedule."
    ),
    "waiting": Case(
        "google_analytics_web",
        "Waiting on the source",
        "syncing continues on its own in",
        wait(1),
        "On schedule.",
    ),
}


@pytest.mark.parametrize("case", BY_HAND.values(), ids=BY_HAND)
def test_a_state_is_shown_explained_and_put_right(product, control, visit, case: Case):
    if case.seeded:
        control("POST", "seed", connectors=1, states={case.seeded: 1})
    connection = control("GET", f"connections?search={case.schema}")["connections"][0]
    if case.reported:
        control("POST", f"connections/{connection['id']}/report", **case.reported)

    walk_through(Stage(visit(f"{product}/connectors"), control, connection["schema"]), case)


@pytest.mark.parametrize("case", BY_TIME.values(), ids=BY_TIME)
def test_a_state_that_passes_is_shown_until_it_does(tmp_path, visit, case: Case):
    with dashboard(tmp_path) as url:
        walk_through(Stage(visit(f"{url}/connectors"), controls(url), case.schema), case)


def walk_through(screen: Stage, case: Case) -> None:
    """See the state in the list and on the connector's page, and see it put right."""
    page = screen.page
    row, state = steps.row(page, screen.schema), page.locator(".pbf-state")

    expect(row.get_by_text(case.word, exact=True)).to_be_visible()
    expect(row).to_contain_text(case.reason)
    if case.step:
        expect(row.get_by_role("button", name=case.step).first).to_be_visible()
    row.get_by_role("link", name=screen.schema).click()
    expect(state).to_contain_text(case.word)
    expect(state).to_contain_text(case.reason)
    case.right(screen)

    expect(state.or_(row)).to_contain_text(case.then)
