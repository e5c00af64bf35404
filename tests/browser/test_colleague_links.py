"""A colleague finishes a set-up by a link, without signing in; the asker sees that."""

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import steps
from tests.support.accessibility import troubles
from tests.support.component_server import new_context

NOTE = "You have the admin account.\n<img src=x onerror=alert(1)>"


@pytest.fixture
def elsewhere(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody else, who was never here."""
    context = new_context(chromium)
    yield context
    context.close()


def make_link(page: Page, note: str) -> str:
    """Fill in the dialog that is open, and return the new link."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note for your colleague (optional)").fill(note)
    dialog.get_by_text("1 hour", exact=True).click()
    dialog.get_by_role("button", name="Create link").click()
    field = dialog.get_by_label("Link", exact=True)
    # The field is there before its script has run.
    expect(field).to_have_value(re.compile("/_/invite/"))
    return field.input_value()


def links(product: str, connector_id: str) -> list[dict]:
    path = f"{product}/_/connectors/{connector_id}/invitations"
    return requests.get(path, timeout=10).json()


def test_a_colleague_finishes_a_set_up_and_the_asker_sees_it(product, visit, ids, elsewhere):
    connector_id = ids["facebook_ads_dach"]
    page = visit(f"{product}/connectors").page
    strip = page.get_by_role("region", name="Not finished")
    strip.get_by_role("button", name="Ask a colleague").click()
    expect(page.get_by_role("button", name="Create link")).to_be_visible()
    assert troubles(page, within="[role=dialog]") == []
    url = make_link(page, NOTE)
    expect(page.get_by_role("dialog").get_by_text("Waiting")).to_be_visible()
    assert troubles(page, within="[role=dialog]") == []

    requests.get(url, timeout=10, headers={"User-Agent": "Slackbot-LinkExpanding 1.0"})
    colleague = elsewhere.new_page()
    colleague.goto(url)
    expect(colleague.get_by_role("heading", name="Connect Facebook Ads")).to_be_visible()
    expect(colleague.locator("blockquote")).to_have_text(NOTE)
    assert troubles(colleague) == []
    assert links(product, connector_id)[0]["state"] == "waiting"
    colleague.get_by_role("button", name="Continue to Fivetran").click()
    expect(colleague.get_by_role("button", name="Save & Test")).to_be_visible()
    assert "/connect-card/" in colleague.url

    asker = visit(f"{product}/connector?id={connector_id}").page
    expect(asker.get_by_role("heading", name="Links for colleagues")).to_be_visible()
    shown = asker.locator(".pbf-line").filter(has_text="You have the admin account.")
    expect(shown).to_contain_text("Opened")
    finish(colleague)
    expect(colleague.get_by_role("heading", name="The set-up is finished")).to_be_visible()
    expect(shown).to_contain_text("Finished")
    colleague.goto(url)
    expect(colleague.get_by_role("heading", name="The set-up is finished")).to_be_visible()


def test_a_link_to_reconnect_leads_nowhere_once_it_is_revoked(product, visit, ids, elsewhere):
    page = visit(f"{product}/connector?id={ids['zendesk_support']}").page
    page.get_by_role("button", name="Ask a colleague").click()
    url = make_link(page, "")
    colleague = elsewhere.new_page()
    colleague.goto(url)
    button = colleague.get_by_role("button", name="Continue to Fivetran")
    expect(colleague.get_by_role("heading", name="Reconnect Zendesk Support")).to_be_visible()

    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("dialog").get_by_text("Revoked", exact=False).first).to_be_visible()
    button.click()

    expect(colleague.get_by_role("heading", name="This link is no longer valid")).to_be_visible()
    assert links(product, ids["zendesk_support"])[0]["opened_at"] is None


def finish(page: Page) -> None:
    """Authorise, type something into every field of the card, and save."""
    if page.get_by_role("button", name="Authorise").count():
        page.get_by_role("button", name="Authorise").click()
        page.get_by_role("button", name="Allow").click()
    asked = "input:visible:is([required], [aria-required=true]):not([type=radio])"
    for box in page.locator(asked).all():
        box.fill("anything")
    steps.save_and_test(page)
