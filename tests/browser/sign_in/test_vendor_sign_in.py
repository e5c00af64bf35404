"""People whom the vendor's own application signs in: by link, by token, and in its frame."""

from html import escape

import pytest
import requests
from playwright.sync_api import Page, expect

from pbf.rules.access.permissions import Role
from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.signing import sign
from tests.support.site import VENDOR, Site

pytestmark = pytest.mark.browser

LINK = {
    "tenant": "acme",
    "user": {"id": "u_42", "name": "Vera", "email": "vera@app.example"},
    "role": "editor",
}


def new_link(site: Site, **changes: object) -> str:
    """Return a new sign-in link, which the vendor's application asks for."""
    answer = requests.post(
        f"{site.url}/_/sign-in-links",
        json={**LINK, **changes},
        headers={"Authorization": f"Bearer {site.token()}"},
        timeout=10,
    )
    answer.raise_for_status()
    return str(answer.json()["url"])


def show(page: Page, body: str) -> None:
    """Open a page of the vendor's application."""
    page.route(f"{VENDOR}/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{VENDOR}/")


def test_a_sign_in_link_leads_to_its_page_with_its_services_once(shared_site: Site, page: Page):
    url = new_link(shared_site, services=["google_ads"], page="/connect?service=google_ads")

    page.goto(url)

    expect(page.get_by_role("heading", name="Google Ads", exact=True)).to_be_visible()
    assert page.url == f"{shared_site.url}/connect?service=google_ads"
    services = page.request.get(f"{shared_site.url}/_/services").json()
    assert [service["id"] for service in services] == ["google_ads"]
    used = page.request.get(url)
    assert used.status == 403
    assert "already used" in used.text()


def test_a_token_from_the_vendors_form_signs_in_once(shared_site: Site, page: Page):
    token = sign(shared_site.claims(page=steps.path_of(shared_site.connector_of("acme"))))
    body = f"""<form method="post" action="{shared_site.url}/_/sso">
      <input type="hidden" name="token" value="{token}"><button>Data</button></form>"""
    show(page, body)

    page.get_by_role("button", name="Data").click()

    steps.sees(page, shared_site.connector_of("acme"))
    show(page, body)
    page.get_by_role("button", name="Data").click()
    expect(page.get_by_text("already used")).to_be_visible()


def test_nobody_is_signed_in_as_another_person_without_being_asked(
    shared_site: Site, new_browser: NewBrowser
):
    cookie = shared_site.sign_in("ada")
    page = new_browser(shared_site, cookie).new_page()

    page.goto(new_link(shared_site))
    expect(page.get_by_role("heading", name="Sign in as another person?")).to_be_visible()
    stays = page.request.get(f"{shared_site.url}/_/connectors").status
    asked = page.get_by_role("link", name="Continue").get_attribute("href")
    assert asked
    forged = requests.get(
        f"{shared_site.url}{asked[:-1]}x", cookies={"pbf": shared_site.sign_in("bob")}, timeout=10
    )
    page.goto(new_link(shared_site))
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", name="Acme Ltd")).to_be_visible()

    assert stays == 200
    assert "Sign in as another person?" in forged.text
    now = page.context.cookies(shared_site.url)[0]["value"]
    assert shared_site.identity(now).name == "Vera"
    assert shared_site.sessions.find(cookie) is None


def test_in_a_frame_of_the_vendors_site_the_session_works_and_its_end_is_told(
    shared_site: Site, page: Page
):
    connection = shared_site.connector_of("acme")
    token = sign(shared_site.claims(sub="u_43", page=steps.path_of(connection)))
    source = escape(f"{shared_site.url}/_/sso?token={token}")
    show(
        page,
        f"""<p id="heard"></p><iframe src="{source}" style="width:1200px;height:850px"></iframe>
        <script>addEventListener("message", event => {{
          // Streamlit posts messages of its own to the page around it.
          if (!String(event.data.type).startsWith("pbf:")) return;
          document.querySelector("#heard").textContent = `${{event.data.type}} ${{event.origin}}`;
        }});</script>""",
    )
    frame = page.frame_locator("iframe")

    expect(frame.get_by_role("heading", name=connection.schema)).to_be_visible()
    (cookie,) = page.context.cookies()
    shared_site.sessions.revoke(shared_site.identity(cookie["value"]).session_id, "ended")

    assert cookie["name"] == "__Host-pbf-frame"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "None")
    assert cookie["partitionKey"].startswith("http://127.0.0.1")
    expect(frame.get_by_role("heading", name="Your session has ended")).to_be_visible()
    expect(page.locator("#heard")).to_have_text(f"pbf:session-ended {shared_site.url}")


def test_a_site_that_is_not_allowed_cannot_frame_the_pages(shared_site: Site):
    answer = requests.get(
        f"{shared_site.url}/", cookies={"pbf": shared_site.sign_in("ada")}, timeout=10
    )

    assert f"frame-ancestors {VENDOR}" in answer.headers["Content-Security-Policy"]


def test_an_sso_token_makes_nobody_an_operator(shared_site: Site):
    token = sign(shared_site.claims(role=Role.OPERATOR.value))

    answer = requests.get(f"{shared_site.url}/_/sso", params={"token": token}, timeout=10)

    assert answer.status_code == 403
    assert not answer.cookies
