"""How sessions end while pages are open, here and in other processes on the same database."""

import time
from collections.abc import Iterator

import pytest
import requests

from pbf.rules.access.permissions import Role
from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.oidc_provider import Person
from tests.support.servers import dashboard
from tests.support.site import Site

pytestmark = pytest.mark.browser

# How soon an open page shows that its session has ended, in milliseconds: in the same process, and
# in others, which look into the database every four seconds. A busy machine takes time to draw.
NOTICE = 5_000
NOTICE_ELSEWHERE = 10_000


@pytest.fixture(scope="module")
def second_process(shared_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Another process on the same database, as behind a load balancer."""
    with dashboard(tmp_path_factory.mktemp("second"), **shared_site.settings) as url:
        yield url.replace("127.0.0.1", "localhost")


def test_signing_out_reaches_a_second_tab_and_a_second_process(
    shared_site: Site, second_process: str, new_browser: NewBrowser
):
    connection = shared_site.connector_of("acme")
    browser = new_browser(shared_site, cookie := shared_site.sign_in("ada"))
    other = new_browser(shared_site, shared_site.sign_in("ada")).new_page()
    tabs = [browser.new_page() for _ in range(3)]
    for tab, url in zip(tabs, (shared_site.url, shared_site.url, second_process), strict=True):
        tab.goto(f"{url}{steps.path_of(connection)}")
    other.goto(f"{shared_site.url}{steps.path_of(connection)}")
    for tab in (*tabs, other):
        steps.sees(tab, connection)
    addresses = [tab.url for tab in tabs]

    tabs[0].evaluate("fetch('/_/sign-out', {method: 'POST'})")
    steps.sees_the_end(tabs[1], timeout=NOTICE)
    steps.sees_the_end(tabs[2], timeout=NOTICE_ELSEWHERE)

    assert [tab.url for tab in tabs] == addresses
    steps.sees(other, connection)
    for url in (shared_site.url, second_process):
        answer = requests.get(f"{url}/_/connectors", cookies={"pbf": cookie}, timeout=10)
        assert answer.status_code == 401
    tabs[1].get_by_role("link", name="Sign in").click()
    tabs[1].get_by_role("link", name="Continue with Example ID").click()
    steps.sign_in_at_provider(tabs[1], "ada")
    steps.sees(tabs[1], connection)
    assert tabs[1].url == addresses[1]


def test_signing_out_at_the_provider_ends_the_session_here(
    shared_site: Site, new_browser: NewBrowser
):
    connection = shared_site.connector_of("acme")
    person = Person()
    person.browser = shared_site.signed_in("ada")
    page = new_browser(shared_site, person.browser.cookies["pbf"]).new_page()
    page.goto(f"{shared_site.url}{steps.path_of(connection)}")
    steps.sees(page, connection)

    signed_out = f"{shared_site.url}/_/signed-out"
    query = f"client_id=pbf&post_logout_redirect_uri={signed_out}"
    issuer = shared_site.settings["PBF_OIDC_ISSUER"]
    person.confirm(f"{issuer}/session/end?{query}", signed_out)

    steps.sees_the_end(page, timeout=NOTICE)


def expire(site: Site, cookie: str) -> None:
    site.change_session(cookie, expires_at=time.time() - 1)


def leave_idle(site: Site, cookie: str) -> None:
    site.change_session(cookie, seen_at=time.time() - 3601)


def take_role(site: Site, cookie: str) -> None:
    assert site.members.remove("acme", site.identity(cookie).person_id)


def lower_role(site: Site, cookie: str) -> None:
    person_id = site.identity(cookie).person_id
    assert site.members.set_role("acme", person_id, Role.VIEWER, by="person:x")


def end_as_admin(site: Site, cookie: str) -> None:
    identity = site.identity(cookie)
    assert not site.sessions.revoke(identity.session_id, "ended", tenant_id="globex")
    assert site.sessions.revoke(identity.session_id, "ended", tenant_id="acme")


def disable(site: Site, cookie: str) -> None:
    assert site.members.disable(site.identity(cookie).person_id)


ENDS = [expire, leave_idle, take_role, lower_role, end_as_admin, disable]


def test_however_a_session_ends_its_open_page_says_so(shared_site: Site, new_browser: NewBrowser):
    # All at once, since each needs the seconds after which a process looks into the database.
    cookies, pages = [], []
    for end in ENDS:
        user = end.__name__.replace("_", "-")
        shared_site.add_partner(user, f"{user}@both.example")
        cookies.append(shared_site.sign_in(user, "partner"))
        pages.append(new_browser(shared_site, cookies[-1]).new_page())
    connection = shared_site.connector_of("acme")
    for page in pages:
        page.goto(f"{shared_site.url}{steps.path_of(connection)}")
    for page in pages:
        steps.sees(page, connection)

    for end, cookie in zip(ENDS, cookies, strict=True):
        end(shared_site, cookie)

    for page in pages:
        steps.sees_the_end(page, timeout=NOTICE_ELSEWHERE)
        assert page.url.endswith(steps.path_of(connection))
    for cookie in cookies:
        url = f"{shared_site.url}/_/connectors"
        assert requests.get(url, cookies={"pbf": cookie}, timeout=10).status_code == 401
    for user in ("take-role", "lower-role"):
        role = shared_site.identity(shared_site.sign_in(user, "partner")).role
        assert role is (Role.VIEWER if user == "lower-role" else Role.EDITOR)
    with pytest.raises(AssertionError, match="has not been given access"):
        shared_site.sign_in("disable", "partner")
