"""Signing in to the whole product, with two providers and two tenants."""

import time

import pytest
import requests
from playwright.sync_api import Page, expect

from pbf.rules.access.permissions import Role
from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.site import OPERATOR, Site

pytestmark = pytest.mark.browser


def test_a_deep_link_survives_the_sign_in(shared_site: Site, page: Page):
    connection = shared_site.connector_of("acme")
    address = f"{shared_site.url}{steps.path_of(connection)}"

    page.goto(address)
    page.get_by_role("link", name="Continue with Example ID").click()
    steps.sign_in_at_provider(page, "ada")

    steps.sees(page, connection)
    assert page.url == address
    cookie = next(c for c in page.context.cookies() if c["name"] == "pbf")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Lax", -1)
    # The provider gives groups only to those who ask for them.
    assert shared_site.identity(cookie["value"]).role is Role.ADMIN


def test_people_of_a_second_provider_sign_in_beside_those_of_the_first(
    shared_site: Site, page: Page
):
    shared_site.add_partner("pat", "pat@both.example")

    page.goto(f"{shared_site.url}/connectors?status=broken")
    page.get_by_role("link", name="Continue with Partner").click()
    steps.sign_in_at_partner(page, "pat")

    expect(page.get_by_role("heading", name="Connectors")).to_be_visible()
    assert page.url == f"{shared_site.url}/connectors?status=broken"
    cookie = page.context.cookies(shared_site.url)[0]["value"]
    assert shared_site.identity(cookie).method == "partner"


def test_somebody_without_access_reads_whom_to_ask_and_may_use_another_account(
    shared_site: Site, page: Page
):
    page.goto(f"{shared_site.url}/_/sign-in/oidc?next=/connectors")
    steps.sign_in_at_provider(page, "zoe")
    expect(page.get_by_text("this account has not been given access")).to_be_visible()
    expect(page.get_by_text("zoe@elsewhere.example")).to_be_visible()
    assert "pbf" not in {cookie["name"] for cookie in page.context.cookies()}

    page.get_by_role("link", name="Use another account").click()
    steps.sign_in_at_provider(page, "grace")

    expect(page.get_by_role("heading", name="Connectors")).to_be_visible()


def test_an_invitation_makes_a_member_once_the_address_is_verified(shared_site: Site):
    now = time.time()
    for email in ("ivy@else.example", "zoe@elsewhere.example"):
        shared_site.store.invitations.put(
            "globex", email, Role.EDITOR, by="person:x", now=now, expires_at=now + 600
        )
    shared_site.store.invitations.remove("globex", "zoe@elsewhere.example")
    shared_site.add_partner("ivy", "ivy@else.example")
    shared_site.add_partner("second-ivy", "ivy@else.example")

    invited = shared_site.identity(shared_site.sign_in("ivy", "partner"))

    assert (invited.tenant_id, invited.role) == ("globex", Role.EDITOR)
    with pytest.raises(AssertionError, match="has not been given access"):
        shared_site.sign_in("second-ivy", "partner")
    with pytest.raises(AssertionError, match="has not been given access"):
        shared_site.sign_in("zoe")


def test_two_tenants_see_their_own_connectors_alone(shared_site: Site, new_browser: NewBrowser):
    acme, globex = (shared_site.connectors_of(name) for name in ("acme", "globex"))
    for user, own, other in (("ada", acme, globex), ("grace", globex, acme)):
        page = new_browser(shared_site, shared_site.sign_in(user)).new_page()

        page.goto(f"{shared_site.url}/connectors")

        for connection in own:
            expect(page.get_by_role("row").filter(has_text=connection.schema)).to_be_visible()
        for connection in other:
            expect(page.get_by_text(connection.schema)).to_have_count(0)


def test_a_viewer_reads_why_nothing_can_be_changed(shared_site: Site, new_browser: NewBrowser):
    connection = shared_site.connector_of("globex")
    page = new_browser(shared_site, shared_site.sign_in("grace")).new_page()

    page.goto(f"{shared_site.url}{steps.path_of(connection)}")

    steps.sees(page, connection)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)


def test_an_operator_signs_in_without_a_tenant(shared_site: Site):
    identity = shared_site.identity(shared_site.sign_in("olga"))

    assert (identity.email, identity.tenant_id, identity.role) == (OPERATOR, "", Role.OPERATOR)


def test_a_person_of_two_tenants_enters_the_first_and_is_a_member_of_both(shared_site: Site):
    shared_site.add_partner("quinn", "quinn@both.example")

    identity = shared_site.identity(shared_site.sign_in("quinn", "partner"))

    rows = shared_site.store.people.memberships(identity.person_id)
    assert identity.tenant_id == "acme"
    assert {row.tenant_id: row.role for row in rows} == {"acme": "editor", "globex": "viewer"}


def test_the_connect_card_link_leads_to_sign_in_and_then_to_the_connector(
    shared_site: Site, new_browser: NewBrowser
):
    connection = shared_site.connector_of("acme")
    cookie = shared_site.sign_in("bob")
    shared_site.change_session(cookie, expires_at=time.time() - 1)
    page = new_browser(shared_site, cookie).new_page()

    page.goto(f"{shared_site.url}/_/go/{shared_site.signer.link('acme', connection.id)}")
    expect(page.get_by_role("heading", name="Your session has ended")).to_be_visible()
    page.get_by_role("link", name="Continue with Example ID").click()
    steps.sign_in_at_provider(page, "ada")

    steps.sees(page, connection)


def test_the_way_back_from_the_card_survives_an_expired_session(
    shared_site: Site, new_browser: NewBrowser
):
    connection = shared_site.connector_of("acme")
    cookie = shared_site.sign_in("bob")
    shared_site.change_session(cookie, expires_at=time.time() - 1)
    page = new_browser(shared_site, cookie).new_page()

    state = shared_site.signer.state("acme", connector_id=connection.id)
    page.goto(f"{shared_site.url}/_/return?state={state}")
    page.get_by_role("link", name="Continue with Example ID").click()
    steps.sign_in_at_provider(page, "ada")

    expect(page.get_by_role("heading", name="Connectors")).to_be_visible()
    expect(page.get_by_text(connection.schema).first).to_be_visible()
    answer = requests.get(
        f"{shared_site.url}/_/return?state={state}", allow_redirects=False, timeout=10
    )
    assert answer.headers["Location"].endswith("/connectors?note=used")
