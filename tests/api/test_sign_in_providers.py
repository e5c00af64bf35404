"""The whole way through sign-in and sign-out with real providers, over HTTP."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from pbf.identity.claims import Claims
from pbf.identity.oidc.providers import Provider
from tests.support.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Person,
    mock_provider,
    oidc_provider,
)
from tests.support.sign_in_app import FakeSessions, configure, served_app

SCOPES = ("openid", "email", "profile", "groups")


class Dashboard:
    """A dashboard that signs people in with npm's provider."""

    def __init__(self, url: str, issuer: str, sessions: FakeSessions) -> None:
        self.url, self.issuer, self.sessions = url, issuer, sessions

    def sign_in(self, person: Person, user: str, page: str = "/") -> requests.Response:
        """Sign a person in, and return the response to the callback."""
        started = person.open(f"{self.url}/_/sign-in?next={page}").headers["Location"]
        callback = person.sign_in_at_provider(started, user, f"{self.url}/_/signed-in/")
        return person.open(callback)

    def claims(self) -> Claims:
        """The claims of the only session."""
        (claims,) = self.sessions.open.values()
        return claims


@pytest.fixture(scope="module", params=[False, True], ids=["id-token", "userinfo"])
def running(request) -> Iterator[Dashboard]:
    """A dashboard whose provider gives claims in the ID token, or in userinfo alone."""
    sessions = FakeSessions()
    with served_app(sessions) as (app, url), oidc_provider(url, userinfo=request.param) as issuer:
        provider = Provider("node", issuer, CLIENT_ID, CLIENT_SECRET, scopes=SCOPES)
        configure(app, [provider], sessions, public_url=url)
        yield Dashboard(url, issuer, sessions)


@pytest.fixture
def dashboard(running: Dashboard) -> Dashboard:
    running.sessions.open.clear()
    return running


def test_a_person_signs_in_and_comes_back_to_their_page(dashboard):
    answer = dashboard.sign_in(Person(), "ada", "/connect%3Fservice%3Dgoogle_ads")

    claims = dashboard.claims()
    assert answer.headers["Location"] == "/connect?service=google_ads"
    assert (claims.issuer, claims.subject) == (dashboard.issuer, "ada")
    assert (claims.email, claims.email_verified) == ("ada@acme.example", True)
    assert claims.name == "Ada"
    assert claims.all["groups"] == ["data-admins"]
    assert claims.all["hd"] == "acme.example"
    assert claims.sid


def test_an_address_that_the_provider_did_not_verify_is_not_verified(dashboard):
    dashboard.sign_in(Person(), "bob")

    assert not dashboard.claims().email_verified


def test_two_people_in_two_browsers_have_sessions_of_their_own(dashboard):
    ada, grace = Person(), Person()
    for person, user in ((ada, "ada"), (grace, "grace")):
        dashboard.sign_in(person, user)

    sessions = dashboard.sessions.open
    assert sessions[ada.browser.cookies["pbf"]].subject == "ada"
    assert sessions[grace.browser.cookies["pbf"]].subject == "grace"


def test_a_code_works_once(dashboard):
    person = Person()
    started = person.open(f"{dashboard.url}/_/sign-in").headers["Location"]
    callback = person.sign_in_at_provider(started, "ada", f"{dashboard.url}/_/signed-in/")
    cookies = person.browser.cookies.copy()
    person.open(callback)
    dashboard.sessions.open.clear()
    person.browser.cookies = cookies

    again = person.open(callback)

    assert again.status_code == 403
    assert "You are not signed in" in again.text
    assert dashboard.sessions.open == {}


def test_the_callback_of_one_browser_is_worthless_in_another(dashboard):
    attacker, victim = Person(), Person()
    started = attacker.open(f"{dashboard.url}/_/sign-in").headers["Location"]
    callback = attacker.sign_in_at_provider(started, "zoe", f"{dashboard.url}/_/signed-in/")
    victim.open(f"{dashboard.url}/_/sign-in")

    answer = victim.open(callback)

    assert answer.headers["Location"] == "/_/sign-in?reason=unknown"
    assert dashboard.sessions.open == {}


def test_another_account_can_be_chosen_although_the_provider_knows_one(dashboard):
    person = Person()
    dashboard.sign_in(person, "zoe")
    started = person.open(f"{dashboard.url}/_/sign-in/node?other=1").headers["Location"]

    person.open(person.sign_in_at_provider(started, "ada", f"{dashboard.url}/_/signed-in/"))

    assert dashboard.claims().subject == "ada"


def test_sign_out_ends_both_sessions_and_comes_back(dashboard):
    person = Person()
    dashboard.sign_in(person, "ada")

    answer = person.browser.post(f"{dashboard.url}/_/sign-out", timeout=20)
    url = unescape(re.search('content="0; url=([^"]*)"', answer.text)[1])
    back = person.confirm(url, f"{dashboard.url}/_/signed-out")

    assert dashboard.sessions.open == {}
    assert "You are signed out" in person.open(back).text
    started = person.open(f"{dashboard.url}/_/sign-in").headers["Location"]
    asked = person.browser.get(started, timeout=20)
    assert 'name="login"' in asked.text


def test_signing_out_at_the_provider_ends_our_sessions_of_that_browser(dashboard):
    ada, elsewhere = Person(), Person()
    dashboard.sign_in(ada, "ada")
    dashboard.sign_in(elsewhere, "ada")
    token = dashboard.sessions.open[ada.browser.cookies["pbf"]].id_token
    end = f"{dashboard.issuer}/session/end?id_token_hint={token}"

    # The provider reports the end before it answers.
    ada.confirm(end, f"{dashboard.issuer}/session/end/success")

    assert list(dashboard.sessions.open) == [elsewhere.browser.cookies["pbf"]]


def test_a_person_signs_in_with_a_second_provider(tmp_path):
    sessions, person = FakeSessions(), Person()
    with served_app(sessions) as (app, url), mock_provider(tmp_path) as issuer:
        first = Provider("first", "https://idp.example", CLIENT_ID)
        mock = Provider("mock", issuer, CLIENT_ID, CLIENT_SECRET, "Mock")
        configure(app, [first, mock], sessions, public_url=url)
        user = {"email": "u@second.example", "email_verified": True}
        requests.put(f"{issuer}/users/u1", json=user, timeout=20).raise_for_status()

        assert "Continue with Mock" in person.open(f"{url}/_/sign-in").text
        started = person.open(f"{url}/_/sign-in/mock?next=/connect").headers["Location"]
        answer = person.open(person.sign_in_at_mock(started, "u1"))

    (claims,) = sessions.open.values()
    assert answer.headers["Location"] == "/connect"
    assert (claims.provider, claims.issuer, claims.subject) == ("mock", issuer, "u1")
    assert (claims.email, claims.email_verified) == ("u@second.example", True)
