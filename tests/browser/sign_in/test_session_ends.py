"""How sessions end while pages are open, here and in other processes on the same database."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from pbf.rules.access.permissions import Role
from tests.browser.sign_in import steps
from tests.browser.sign_in.conftest import NewBrowser
from tests.support.oidc_provider import Person
from tests.support.servers import dashboard
from tests.support.site import Site
from tests.support.sockets import drawn, run, socket

pytestmark = pytest.mark.browser


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
    steps.sees_the_end(tabs[1])
    steps.sees_the_end(tabs[2])

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

    steps.sees_the_end(page)


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
# Those that an admin causes on the People screen are seen in a browser in test_people.
SEEN = [expire, leave_idle, disable]


def test_however_a_session_ends_its_open_page_says_so(shared_site: Site, new_browser: NewBrowser):
    connection = shared_site.connector_of("acme")
    cookies = {end: new_member(shared_site, end.__name__) for end in ENDS}
    # All at once, since each needs the seconds after which a process looks into the database.
    with ExitStack() as stack:
        pages = [new_browser(shared_site, cookies[end]).new_page() for end in SEEN]
        for page in pages:
            page.goto(f"{shared_site.url}{steps.path_of(connection)}")
            steps.sees(page, connection)
        opened = [stack.enter_context(socket(shared_site, cookies[end])) for end in ENDS]
        before = [run(each, "connector", f"id={connection.id}") for each in opened]

        for end in ENDS:
            end(shared_site, cookies[end])
        after = [drawn(each) for each in opened]

        for page in pages:
            steps.sees_the_end(page)
    for text in before:
        assert connection.schema in text
        assert steps.ENDED not in text
    for text in after:
        assert connection.schema not in text
        assert steps.ENDED in text
    for cookie in cookies.values():
        url = f"{shared_site.url}/_/connectors"
        assert requests.get(url, cookies={"pbf": cookie}, timeout=10).status_code == 401
    for end, role in ((take_role, Role.EDITOR), (lower_role, Role.VIEWER)):
        again = shared_site.sign_in(end.__name__, "partner")
        assert shared_site.identity(again).role is role
    with pytest.raises(AssertionError, match="has not been given access"):
        shared_site.sign_in(disable.__name__, "partner")


def new_member(site: Site, name: str) -> str:
    """Return the cookie of a new editor of acme."""
    site.add_partner(name, f"{name}@both.example")
    return site.sign_in(name, "partner")
