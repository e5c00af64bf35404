"""The account menu of the whole product: other tenants, and signing out."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.site import Site

pytestmark = [pytest.mark.browser, pytest.mark.exhaustive]


def choose(page: Page, name: str) -> None:
    """Open the account menu, and choose something from it."""
    page.locator("button.pbf-who").click()
    page.get_by_role("group", name="Account").get_by_role(
        "button", name=re.compile(f"^{name}")
    ).click()


def test_a_person_of_two_tenants_goes_to_the_other_one_and_old_tabs_end(
    shared_site: Site, new_browser: NewBrowser
):
    shared_site.add_partner("rosa", "rosa@both.example")
    acme, globex = (shared_site.connector_of(name) for name in ("acme", "globex"))
    browser = new_browser(shared_site, cookie := shared_site.sign_in("rosa", "partner"))
    page, old = browser.new_page(), browser.new_page()
    for tab in (page, old):
        tab.goto(f"{shared_site.url}/connectors")
        expect(tab.get_by_text(acme.schema).first).to_be_visible()

    choose(page, "Globex")

    expect(page.get_by_text(globex.schema).first).to_be_visible()
    expect(page.get_by_text(acme.schema)).to_have_count(0)
    steps.sees_the_end(old)
    assert shared_site.sessions.find(cookie) is None
    new = next(c["value"] for c in browser.cookies() if c["name"] == "pbf")
    assert shared_site.identity(new).tenant_id == "globex"


def test_nobody_enters_a_tenant_without_being_a_member(shared_site: Site):
    cookie = shared_site.sign_in("bob")
    for sought in ("globex", "Globex", "no-such-tenant", "", "GLOBEX (globex)"):
        answer = requests.post(
            f"{shared_site.url}/_/tenant",
            data={"tenant": sought, "next": "//evil.example"},
            headers={"Origin": shared_site.url, "Cookie": f"pbf={cookie}"},
            allow_redirects=False,
            timeout=10,
        )
        assert (sought, answer.status_code) == (sought, 404)
        assert "Globex" not in answer.text
        assert not answer.cookies
    foreign = requests.post(
        f"{shared_site.url}/_/tenant",
        data={"tenant": "acme"},
        headers={"Origin": "https://evil.example", "Cookie": f"pbf={cookie}"},
        timeout=10,
    )

    assert foreign.status_code == 403
    assert shared_site.identity(cookie).tenant_id == "acme"


def test_an_operator_chooses_a_tenant_whose_log_then_names_the_operator(
    shared_site: Site, new_browser: NewBrowser
):
    page = new_browser(shared_site, shared_site.sign_in("olga")).new_page()
    connection = shared_site.connector_of("globex")

    page.goto(f"{shared_site.url}/connectors")
    expect(page.get_by_role("heading", name="Choose a tenant")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Globex")).click()

    expect(page.get_by_text(connection.schema).first).to_be_visible()
    assert page.url == f"{shared_site.url}/connectors"
    entries = shared_site.store.audit.newest(connection.group_id, 1)
    assert [(entry.what, entry.actor) for entry in entries] == [
        ("enter", shared_site.identity(session_of(page)).actor)
    ]


def session_of(page: Page) -> str:
    """Return the session's cookie of a page."""
    return next(c["value"] for c in page.context.cookies() if c["name"] == "pbf")


def test_signing_out_in_the_menu_ends_the_session_of_the_provider_as_well(
    shared_site: Site, page: Page
):
    page.goto(f"{shared_site.url}/_/sign-in/oidc")
    steps.sign_in_at_provider(page, "bob")
    expect(page.get_by_role("heading", name="Acme Ltd")).to_be_visible()
    cookie = session_of(page)

    choose(page, "Sign out")
    page.get_by_role("button", name="Yes, sign me out").click()

    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    assert shared_site.sessions.find(cookie) is None
    page.goto(f"{shared_site.url}/_/sign-in/oidc")
    expect(page.get_by_placeholder("Enter any login")).to_be_visible()
