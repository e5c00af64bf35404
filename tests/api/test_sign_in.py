"""The sign-in routes with a fake issuer, or without any."""

import re
from base64 import b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from pbf.config import Settings
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.token_validation import LOGOUT_EVENT
from pbf.rules.access.policy import Accent, Branding, Logo
from pbf.server.path_prefix.wsgi import UnderPrefix
from tests.support.fake_issuer import fake_issuer
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.support.sign_in_app import FakeSessions, configure, sign_in_app

HTTPS = "https://data.vendor.example"
LOCAL = "http://localhost"


@pytest.fixture
def issuer():
    with fake_issuer() as running:
        running.claims = {"email": "ada@acme.example", "email_verified": True, "groups": []}
        running.metadata = {"end_session_endpoint": f"{running.url}/end"}
        yield running


@pytest.fixture
def provider(issuer):
    return Provider("fake", issuer.url, CLIENT_ID, CLIENT_SECRET, "Acme SSO")


@pytest.fixture
def sessions():
    return FakeSessions()


@pytest.fixture
def client(provider, sessions):
    """A browser at a dashboard with one provider."""
    return sign_in_app([provider], sessions, public_url=LOCAL).test_client()


@pytest.fixture
def both(provider, sessions):
    """A browser at a dashboard with two providers."""
    other = Provider("other", "https://idp.example", CLIENT_ID, name="<Other>")
    return sign_in_app([provider, other], sessions, public_url=LOCAL).test_client()


def heading(answer) -> str:
    return re.search("<h1>(.*?)</h1>", answer.text)[1]


def links(answer) -> list[str]:
    return re.findall(r'<a(?: class="primary")? href="([^"]*)"', answer.text)


def begin(client, issuer, address="/_/sign-in/fake?next=/connect?x=1") -> str:
    """Start a sign-in, and return its state."""
    answer = client.get(address)
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.location).query)
    issuer.nonce = query["nonce"][0]
    return query["state"][0]


def come_back(client, issuer, **answer):
    """Sign in, and return the response to the callback."""
    state = begin(client, issuer)
    query = {"state": state, "code": state, **answer}
    return client.get("/_/signed-in/fake", query_string=query)


def set_cookies(answer) -> dict[str, str]:
    """The cookies that an answer sets, each with its attributes."""
    lines = answer.headers.getlist("Set-Cookie")
    return {line.partition("=")[0]: line.partition("=")[2] for line in lines}


def test_the_only_provider_is_opened_at_once(client, issuer):
    answer = client.get("/_/sign-in?next=/connect")

    assert answer.status_code == 303
    assert answer.location.startswith(f"{issuer.url}/authorize?")


def test_several_providers_can_be_chosen_from(both):
    answer = both.get("/_/sign-in?next=/connect%3Fservice%3Dx")

    assert heading(answer) == "Sign in"
    assert links(answer) == [
        "/_/sign-in/fake?next=%2Fconnect%3Fservice%3Dx",
        "/_/sign-in/other?next=%2Fconnect%3Fservice%3Dx",
    ]
    assert "Continue with Acme SSO" in answer.text
    assert "Continue with &lt;Other&gt;" in answer.text


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("choose=1", "Sign in"),
        ("reason=ended", "Your session has ended"),
        ("reason=unknown", "Sign in again"),
    ],
)
def test_the_only_provider_waits_for_a_click_when_there_is_something_to_say(client, query, title):
    answer = client.get(f"/_/sign-in?{query}")

    assert answer.status_code == 200
    assert heading(answer) == title
    assert links(answer) == ["/_/sign-in/fake"]


def test_without_a_provider_the_page_says_where_to_go(sessions):
    client = sign_in_app([], sessions, public_url=LOCAL).test_client()

    answer = client.get("/_/sign-in")

    assert "from the application that led you here" in answer.text


def test_a_person_who_comes_back_has_a_session_and_the_page_they_wanted(client, issuer, sessions):
    answer = come_back(client, issuer)

    assert answer.status_code == 303
    assert answer.location == "/connect?x=1"
    assert [claims.email for claims in sessions.open.values()] == ["ada@acme.example"]
    assert client.get_cookie("pbf").value in sessions.open
    assert client.get_cookie("pbf-sign-in-", path="/_/") is None
    assert not any("pbf-sign-in" in name for name in str(client._cookies).split())


def test_the_cookies_on_https_are_bound_to_this_host(provider, sessions, issuer):
    client = sign_in_app([provider], sessions, public_url=HTTPS).test_client()

    started = client.get("/_/sign-in/fake", base_url=HTTPS)
    query = parse_qs(urlsplit(started.location).query)
    issuer.nonce, state = query["nonce"][0], query["state"][0]
    answer = client.get(
        "/_/signed-in/fake", query_string={"state": state, "code": "c"}, base_url=HTTPS
    )

    (state_cookie,) = set_cookies(started).values()
    assert state_cookie.endswith("; Secure; HttpOnly; Path=/_/; SameSite=Lax")
    assert "Max-Age=600" in state_cookie
    attributes = set_cookies(answer)["__Host-pbf"].partition("; ")[2]
    assert attributes == "Secure; HttpOnly; Path=/; SameSite=Lax"


def test_the_cookie_on_this_machine_needs_no_https(client, issuer):
    attributes = set_cookies(come_back(client, issuer))["pbf"].partition("; ")[2]

    assert attributes == "HttpOnly; Path=/; SameSite=Lax"


def test_below_a_prefix_links_redirects_and_cookies_have_it(provider, sessions, issuer):
    url = f"{LOCAL}/data"
    app = sign_in_app([provider], sessions, public_url=url)
    app.wsgi_app = UnderPrefix(app.wsgi_app, lambda: Settings(public_url=url))
    client = app.test_client()

    (address,) = links(client.get("/data/_/sign-in?choose&next=/connect"))
    started = client.get(address)
    query = parse_qs(urlsplit(started.location).query)
    issuer.nonce, state = query["nonce"][0], query["state"][0]
    answer = client.get("/data/_/signed-in/fake", query_string={"state": state, "code": "c"})

    assert address == "/data/_/sign-in/fake?next=%2Fconnect"
    assert query["redirect_uri"] == [f"{url}/_/signed-in/fake"]
    (state_cookie,) = set_cookies(started).values()
    assert "; Path=/data/_/; " in state_cookie
    assert answer.location == "/data/connect"
    assert set_cookies(answer)["pbf"].endswith("; HttpOnly; Path=/data/; SameSite=Lax")


def test_nothing_of_sign_in_is_cached_or_told_to_other_sites(client, issuer):
    answers = [client.get("/_/sign-in?choose"), client.get("/_/sign-in"), come_back(client, issuer)]
    answers += [client.post("/_/sign-out"), client.get("/_/signed-out")]
    answers += [client.get("/_/signed-in/fake"), client.post("/_/backchannel-logout/fake")]

    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_sign_in_always_starts_a_new_session(client, issuer, sessions):
    client.set_cookie("pbf", "chosen-by-an-attacker")
    come_back(client, issuer)
    first = client.get_cookie("pbf").value
    come_back(client, issuer)
    second = client.get_cookie("pbf").value

    assert "chosen-by-an-attacker" not in (first, second)
    assert list(sessions.open) == [second]


@pytest.mark.parametrize(
    "page", ["//evil.example", "/\\evil.example", "/a\r\nX: y", "https://evil.example", "/_/go/x"]
)
def test_sign_in_never_leads_to_another_site(client, issuer, page):
    started = client.get("/_/sign-in/fake", query_string={"next": page})
    query = parse_qs(urlsplit(started.location).query)
    issuer.nonce, state = query["nonce"][0], query["state"][0]

    answer = client.get("/_/signed-in/fake", query_string={"state": state, "code": "c"})

    assert answer.location == "/"


def test_a_callback_without_its_state_leads_a_stranger_to_sign_in(client):
    answer = client.get("/_/signed-in/fake?code=c&state=unknown")

    assert answer.status_code == 303
    assert answer.location == "/_/sign-in?reason=unknown"


def test_going_back_to_the_callback_leads_on_to_the_dashboard(client, issuer):
    state = begin(client, issuer)
    query = {"state": state, "code": "c"}
    client.get("/_/signed-in/fake", query_string=query)

    again = client.get("/_/signed-in/fake", query_string=query)

    assert (again.status_code, again.location) == (303, "/")


def test_the_state_of_another_browser_is_refused(client, issuer, provider, sessions):
    attacker = client.application.test_client()
    state = begin(attacker, issuer)

    answer = client.get("/_/signed-in/fake", query_string={"state": state, "code": "c"})

    assert answer.location == "/_/sign-in?reason=unknown"
    assert sessions.open == {}
    assert "/token" not in issuer.asked


def test_several_tabs_can_sign_in_at_once(client, issuer):
    first = begin(client, issuer, "/_/sign-in/fake?next=/one")
    nonce = issuer.nonce
    second = begin(client, issuer, "/_/sign-in/fake?next=/two")

    later_one = client.get("/_/signed-in/fake", query_string={"state": second, "code": "a"})
    issuer.nonce = nonce
    earlier_one = client.get("/_/signed-in/fake", query_string={"state": first, "code": "b"})

    assert (later_one.location, earlier_one.location) == ("/two", "/one")


def test_sign_ins_that_were_never_finished_do_not_pile_up(client, issuer):
    for _ in range(12):
        begin(client, issuer)

    names = [cookie for cookie in client._cookies if "pbf-sign-in" in str(cookie)]
    assert len(names) == 5


def test_an_expired_sign_in_can_be_started_again_for_the_same_page(client, issuer, later):
    state = begin(client, issuer)
    # The browser would have deleted the cookie; one with a slow clock has not.
    (key,) = [key for key in client._cookies if "pbf-sign-in" in str(key)]
    kept = client._cookies[key].value
    later(10 * 60 + 2)
    client.set_cookie(f"pbf-sign-in-{state[:8]}", kept, path="/_/")

    answer = client.get("/_/signed-in/fake", query_string={"state": state, "code": "c"})

    assert answer.status_code == 403
    assert "longer than 10 minutes" in answer.text
    assert links(answer)[0] == "/_/sign-in/fake?next=%2Fconnect%3Fx%3D1"


def test_a_refusal_is_a_page_with_a_way_on(client, issuer):
    answer = come_back(client, issuer, error="access_denied", error_description="<b>secret</b>")

    assert answer.status_code == 403
    assert heading(answer) == "You are not signed in"
    assert "Acme SSO did not sign you in" in answer.text
    assert "secret" not in answer.text
    assert links(answer) == ["/_/sign-in/fake?next=%2Fconnect%3Fx%3D1"]


def test_a_provider_that_is_down_is_a_page_with_a_way_on(both, issuer):
    issuer.status = 503

    answer = both.get("/_/sign-in/fake?next=/connect")

    assert answer.status_code == 503
    assert heading(answer) == "Sign-in does not work right now"
    assert "Acme SSO gives no usable answer" in answer.text
    assert links(answer) == [
        "/_/sign-in/fake?next=%2Fconnect",
        "/_/sign-in?next=%2Fconnect&amp;choose=1",
    ]


def test_a_forged_token_starts_no_session(client, issuer, sessions):
    issuer.claims["aud"] = "another-client"

    answer = come_back(client, issuer)

    assert answer.status_code == 403
    assert "could not be verified" in answer.text
    assert sessions.open == {}


def test_a_person_without_access_is_told_so_and_can_use_another_account(client, issuer, sessions):
    sessions.strangers = {"ada@acme.example"}

    answer = come_back(client, issuer)

    assert answer.status_code == 403
    assert heading(answer) == "You have no access yet"
    assert "You are signed in as ada@acme.example" in answer.text
    assert "Ask your administrator." in answer.text
    (link,) = links(answer)
    assert "prompt=login" in client.get(link.replace("&amp;", "&")).location
    assert client.get_cookie("pbf") is None


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("route", ["sign-in", "signed-in", "backchannel-logout"])
def test_an_unknown_provider_does_not_exist(client, route, method):
    answer = client.open(f"/_/{route}/unknown", method=method)

    assert answer.status_code in (404, 405)


def test_sign_out_ends_the_session_here_and_leads_to_the_providers_end(client, issuer, sessions):
    come_back(client, issuer)

    answer = client.post("/_/sign-out")

    assert answer.status_code == 200
    assert sessions.open == {}
    assert client.get_cookie("pbf") is None
    refresh = re.search('http-equiv="refresh" content="0; url=([^"]*)"', answer.text)[1]
    assert refresh.startswith(f"{issuer.url}/end?client_id=pbf&amp;")
    assert "id_token_hint=ey" in refresh


@pytest.mark.parametrize("now", ["removed", "another one"])
def test_sign_out_works_after_the_policy_file_has_changed_the_provider(
    client, issuer, sessions, now
):
    come_back(client, issuer)
    providers = [Provider("fake", "https://idp.example", CLIENT_ID)] if now == "another one" else []
    configure(client.application, providers, sessions, public_url=LOCAL)

    answer = client.post("/_/sign-out")

    assert 'content="0; url=/_/signed-out"' in answer.text
    assert sessions.open == {}
    assert client.get_cookie("pbf") is None


def test_sign_out_without_a_session_says_so(client):
    answer = client.post("/_/sign-out")

    assert 'content="0; url=/_/signed-out"' in answer.text
    assert heading(client.get("/_/signed-out")) == "You are signed out"


def test_a_link_of_another_site_does_not_sign_anybody_out(client):
    assert client.get("/_/sign-out").status_code == 405


def test_a_provider_ends_the_sessions_of_a_person(client, issuer, sessions):
    issuer.claims["sid"] = "s1"
    come_back(client, issuer)
    claims = {"sub": None, "sid": "s1", "jti": "one", "events": {LOGOUT_EVENT: {}}, "exp": None}
    token = issuer.sign(claims)

    first, again = (
        client.post("/_/backchannel-logout/fake", data={"logout_token": token}) for _ in range(2)
    )

    assert (first.status_code, first.text) == (200, "")
    assert sessions.open == {}
    assert (again.status_code, again.json) == (400, {"error": "invalid_request"})


@pytest.mark.parametrize("body", [{}, {"logout_token": "a.b.c"}])
def test_a_forged_logout_token_ends_nothing(client, issuer, sessions, body):
    come_back(client, issuer)

    assert client.post("/_/backchannel-logout/fake", data=body).status_code == 400
    assert len(sessions.open) == 1


def test_pages_have_the_vendors_branding_and_no_script(client, sessions):
    logo = Logo(b"<svg/>", "image/svg+xml", "d")
    accent = Accent("#0b6e4f", "#ffffff", "#0b6e4f", "#5fd3ac")
    sessions.branding = Branding("Acme <Hub>", accent, logo, "mailto:data@acme.example")

    answer = client.get("/_/signed-out")

    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)[1]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "--button: #0b6e4f" in style
    assert "Acme &lt;Hub&gt;" in answer.text
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in answer.text
    assert '<a href="mailto:data@acme.example">data@acme.example</a>' in answer.text
