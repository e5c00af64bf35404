"""From a connector that breaks to the message that it works again, with real mail and webhooks."""

import json
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from pbf.watch.notifications.webhooks import signature
from tests.browser import steps
from tests.support.accessibility import troubles
from tests.support.component_server import new_context
from tests.support.receivers import mail_server, webhook_receiver
from tests.support.servers import dashboard, free_port

# On two busy processors the whole way takes two minutes.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

# The list may be a moment old when it is judged; it is judged once a minute.
A_MINUTE = 90_000
NEEDS_YOU = "salesforce_crm needs you: reconnect"


@pytest.fixture(scope="module")
def mailbox():
    with mail_server() as box:
        yield box


@pytest.fixture(scope="module")
def receiver():
    with webhook_receiver() as server:
        yield server


@pytest.fixture(scope="module")
def product(tmp_path_factory, mailbox):
    """The dashboard on its own sandbox, with a mail server and links to itself."""
    port = free_port()
    settings = {
        "PBF_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PBF_MAIL_URL": mailbox.url,
        "PBF_NOTIFY_PRIVATE": "on",
    }
    with dashboard(tmp_path_factory.mktemp("product"), port=port, **settings) as url:
        yield url


@pytest.fixture
def operator(chromium: Browser, product):
    """The page Jobs of an operator, in a browser of their own."""
    with new_context(chromium, base_url=product) as context:
        page = context.new_page()
        page.goto("/")
        page.locator(".pbf-who").click()
        page.locator(".pbf-menu").get_by_role("button", name="Operator").first.click()
        expect(page.locator(".pbf-who")).to_contain_text("operator")
        page.goto("/jobs")
        yield page


def run_now(operator: Page, job: str) -> None:
    """Have a job run, and wait until a run has succeeded since."""
    row = operator.get_by_test_id("stHorizontalBlock").filter(has_text=job)
    success = row.locator("time").last
    before = success.get_attribute("datetime")
    row.get_by_role("button", name="Run now").click()
    expect(success).not_to_have_attribute("datetime", before)


def add_channel(page: Page, kind: str, name: str, label: str, address: str) -> Page:
    page.get_by_role("button", name="Add a channel for the tenant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(kind, exact=True).click()
    dialog.get_by_role("textbox", name=label).fill(address)
    dialog.get_by_role("textbox", name="Name").fill(name)
    dialog.get_by_role("button", name="Add", exact=True).click()
    return dialog


def secret_of(dialog) -> str:
    """Copy the secret that is shown once."""
    field = dialog.get_by_label("Secret")
    expect(field).to_be_visible()
    secret = field.input_value()
    assert troubles(dialog.page, within="[role=dialog]") == []
    dialog.get_by_role("button", name="Done").click()
    expect(dialog).to_be_hidden()
    return secret


def verified(request, secret: str) -> dict:
    """Return what a webhook says, after a look at its signature."""
    _, headers, body = request
    message_id, timestamp = headers["webhook-id"], int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(secret, message_id, timestamp, body)
    return json.loads(body)


def reconnect(visitor) -> None:
    """Go through the Connect Card of the connector that is shown."""
    page = visitor.page
    page.get_by_role("button", name="Reconnect").first.click()
    expect(page.get_by_role("button", name="Save & Test")).to_be_visible()
    if page.get_by_role("button", name="Authorise").count():
        page.get_by_role("button", name="Authorise").click()
        page.get_by_role("button", name="Allow").click()
    for box in page.locator("input[required]:visible:not([type=radio])").all():
        box.fill("value")
    steps.save_and_test(page)
    steps.come_back(visitor)


def test_who_is_told_of_a_broken_connector_reconnects_it_and_hears_that_it_is_over(
    product, visit, control, ids, operator, mailbox, receiver
):
    connector_id = ids["salesforce_crm"]
    visitor = visit(f"{product}/notifications")
    page = visitor.page
    add_channel(page, "E-mail", "Data team", "E-mail address", "ada@people.example")
    expect(page.get_by_role("dialog")).to_have_count(0)
    visitor.settle()
    hook = add_channel(page, "Signed webhook", "Monitoring", "URL", receiver.url)
    secret = secret_of(hook)
    run_now(operator, "Judge connectors")  # what was broken before is told now, and only once
    expect(page.get_by_text("Monitoring").first).to_be_visible()

    control("POST", f"connections/{connector_id}/break")
    page.goto(f"{product}/connector?id={connector_id}")
    expect(page.get_by_role("button", name="Reconnect").first).to_be_visible()
    run_now(operator, "Judge connectors")
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible(timeout=A_MINUTE)
    expect(page.get_by_role("link", name=NEEDS_YOU)).to_be_visible()
    page.goto(product)
    expect(page.get_by_role("link", name=NEEDS_YOU)).to_be_visible()

    mail = next(mail for mail in iter(mailbox.next, None) if mail["Subject"] == NEEDS_YOU)
    assert mail["To"] == "ada@people.example"
    link = re.search(r"http://\S+", mail.get_body(("plain",)).get_content())[0]
    assert link == f"{product}/connector?id={connector_id}"
    events = (verified(request, secret) for request in iter(receiver.next, None))
    opened = next(event for event in events if about(event, connector_id))
    assert (opened["type"], opened["data"]["url"]) == ("incident.opened", link)

    page.goto(link)
    visitor.settle()
    reconnect(visitor)
    expect(steps.row(page, "salesforce_crm")).not_to_contain_text("Needs you")
    run_now(operator, "Judge connectors")
    page.goto(f"{product}/incidents")
    past = page.get_by_text(NEEDS_YOU).locator("xpath=ancestor::*[@class='pbf-line']")
    expect(past).to_contain_text("closed", timeout=A_MINUTE)

    over = next(mail for mail in iter(mailbox.next, None) if "salesforce" in mail["Subject"])
    assert over["Subject"] == f"Over: {NEEDS_YOU}"
    closed = next(event for event in events if about(event, connector_id))
    assert closed["type"] == "incident.closed"
    assert closed["data"]["incident_id"] == opened["data"]["incident_id"]
    page.goto(f"{product}/connector?id={connector_id}")
    expect(page.get_by_role("heading", name="Syncs")).to_be_visible()
    expect(page.get_by_role("button", name="Reconnect")).to_have_count(0)
    assert [mail["Subject"] for *_, mail in mailbox.mails if "salesforce" in mail["Subject"]] == [
        NEEDS_YOU,
        f"Over: {NEEDS_YOU}",
    ]


def about(event: dict, connector_id: str) -> bool:
    return event.get("data", {}).get("connector_id") == connector_id
