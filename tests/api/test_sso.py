"""Sign-in links and SSO tokens over HTTP: cookies, redirects, confirmation, frames."""

import json
import re
from dataclasses import replace

import pytest
from flask import Flask

from pbf.api import error_handlers
from pbf.api.sign_in import sso
from pbf.api.sign_in.sso import Sso
from pbf.identity.external.entry import VendorSignIn
from pbf.identity.external.keys import KeySet
from pbf.identity.external.sign_in_links import SignInLinks
from pbf.identity.external.sso import SsoTokens
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.rules.access.policy import Branding
from pbf.store.store import Store
from tests.support.clock import Clock
from tests.support.signing import jwks, sign

URL = "https://connect.example.com"
ISSUER = "https://app.example.com"
BODY = {
    "tenant": "acme",
    "user": {"id": "u_42", "name": "Ada"},
    "page": "/connectors?status=broken",
}
FRAMED = {"Sec-Fetch-Dest": "iframe"}


class Sessions:
    """Sessions by their cookies."""

    def __init__(self) -> None:
        self.open: dict[str, VendorSignIn] = {}
        self.count = 0

    def start(self, sign_in: VendorSignIn) -> str:
        self.count += 1
        cookie = f"cookie-{self.count}"
        self.open[cookie] = sign_in
        return cookie

    def person_of(self, cookie: str) -> tuple[str, str] | None:
        sign_in = self.open.get(cookie)
        return (sign_in.claims.issuer, sign_in.claims.subject) if sign_in else None

    def end(self, cookie: str) -> None:
        self.open.pop(cookie, None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def app(clock, sessions, tmp_path):
    store = Store("sqlite://")
    (tmp_path / "keys.json").write_text(json.dumps(jwks("ec-1")))
    tokens = SsoTokens(
        issuer=ISSUER,
        audience=URL,
        keys=KeySet(str(tmp_path / "keys.json")),
        use_once=store.use_token,
        tenant_exists={"acme"}.__contains__,
        allowed_origins=(ISSUER,),
        session_hours=12,
        clock=clock,
    )
    app = Flask(__name__)
    error_handlers.register(app)
    app.register_blueprint(sso.routes)
    parts = Sso(
        links=SignInLinks(store.sign_in_links, tenant_exists={"acme"}.__contains__, clock=clock),
        tokens=tokens,
        complete=sessions.start,
        person_of=sessions.person_of,
        end=sessions.end,
        caller=lambda: Identity("token:1", "acme", Role.ADMIN, method="token"),
        branding=Branding,
        allowed_origins=(ISSUER,),
        public_url=URL,
    )
    app.extensions["pbf_sso"] = lambda: parts
    yield app
    store.close()


@pytest.fixture
def client(app):
    return app.test_client()


def link(client, **change) -> str:
    """Create a link and return its path."""
    answer = client.post("/_/sign-in-links", json={**BODY, **change})
    assert answer.status_code == 201
    return answer.json["url"].removeprefix(URL)


def token(clock, jti: str = "1", **change) -> str:
    times = {"iat": clock.now, "exp": clock.now + 60}
    claims = {"iss": ISSUER, "aud": URL, "sub": "u_42", "jti": jti, "tenant": "acme", **times}
    return sign({**claims, **change})


def follow(client, path: str, **options):
    return client.get(path, base_url=URL, **options)


def test_a_link_starts_a_session_and_leads_to_its_page(client, sessions):
    answer = client.post("/_/sign-in-links", json=BODY)
    response = follow(client, answer.json["url"].removeprefix(URL))

    assert re.fullmatch(rf"{URL}/_/sso/[\w-]{{43}}", answer.json["url"])
    assert answer.json["expires_at"] == "1970-01-12T13:47:40Z"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (response.status_code, response.location) == (303, "/connectors?status=broken")
    assert response.headers["Set-Cookie"] == (
        "__Host-pbf=cookie-1; Secure; HttpOnly; Path=/; SameSite=Lax"
    )
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert sessions.open["cookie-1"].claims.subject == "u_42"


def test_without_a_page_a_link_leads_to_the_start(client):
    assert follow(client, link(client, page="")).location == "/"


def test_a_preview_does_not_use_a_link_up(client):
    path = link(client)

    assert client.head(path, base_url=URL).status_code == 200
    assert follow(client, path).status_code == 303
    again = follow(client, path)
    assert again.status_code == 403
    assert "already used" in again.text
    assert "Set-Cookie" not in again.headers


def test_an_invalid_request_for_a_link_is_refused_as_json(client):
    answer = client.post("/_/sign-in-links", json={"tenant": "acme"})

    assert (answer.status_code, answer.json["error"]["code"]) == (400, "invalid_request")
    assert "field user" in answer.json["error"]["message"]


def test_a_caller_without_the_right_creates_no_link(app):
    parts = app.extensions["pbf_sso"]()
    viewer = Identity("token:1", "acme", Role.VIEWER, method="token")
    app.extensions["pbf_sso"] = lambda: replace(parts, caller=lambda: viewer)

    answer = app.test_client().post("/_/sign-in-links", json=BODY)

    assert (answer.status_code, answer.json["error"]["code"]) == (403, "forbidden")


def test_another_person_is_replaced_only_after_a_confirmation(client, sessions):
    follow(client, link(client, user={"id": "u_1"}))

    page = follow(client, link(client))
    confirm = re.search(r'href="(/_/sso/[^"]+)"', page.text)[1]

    assert page.status_code == 200
    assert "Sign in as another person?" in page.text
    assert "Ada" in page.text
    assert list(sessions.open) == ["cookie-1"]
    response = follow(client, confirm)
    assert response.location == "/connectors?status=broken"
    assert [sign_in.claims.subject for sign_in in sessions.open.values()] == ["u_42"]


@pytest.mark.parametrize("confirm", ["", "?confirm=", "?confirm=1", f"?confirm={'0' * 64}"])
def test_another_site_cannot_confirm(client, sessions, confirm):
    follow(client, link(client, user={"id": "u_1"}))

    page = follow(client, link(client) + confirm)

    assert (page.status_code, list(sessions.open)) == (200, ["cookie-1"])


def test_the_confirmation_of_one_link_does_not_confirm_another(client, sessions):
    follow(client, link(client, user={"id": "u_1"}))
    page = follow(client, link(client))
    query = re.search(r"/_/sso/[\w-]+(\?confirm=\w+)", page.text)[1]

    assert follow(client, link(client) + query).status_code == 200
    assert list(sessions.open) == ["cookie-1"]


def test_the_same_person_is_not_asked_and_gets_a_new_session(client, sessions):
    follow(client, link(client))

    assert follow(client, link(client)).status_code == 303
    assert list(sessions.open) == ["cookie-2"]


def test_an_ended_session_does_not_ask(client, sessions):
    follow(client, link(client, user={"id": "u_1"}))
    sessions.open.clear()

    assert follow(client, link(client)).status_code == 303


def test_a_frame_has_a_cookie_of_its_own(client, sessions):
    follow(client, link(client, user={"id": "u_1"}), headers=FRAMED)

    response = follow(client, link(client), headers=FRAMED)

    assert response.headers["Set-Cookie"] == (
        "__Host-pbf-frame=cookie-2; Secure; HttpOnly; Path=/; SameSite=None; Partitioned"
    )
    assert list(sessions.open) == ["cookie-2"]


def test_over_http_on_this_machine_the_cookie_is_not_secure(app):
    local = "http://localhost:8501"
    parts = replace(app.extensions["pbf_sso"](), public_url=local)
    app.extensions["pbf_sso"] = lambda: parts
    client = app.test_client()
    path = client.post("/_/sign-in-links", json=BODY).json["url"].removeprefix(local)

    response = client.get(path, base_url=local)

    assert response.headers["Set-Cookie"] == "pbf=cookie-1; HttpOnly; Path=/; SameSite=Lax"


def test_a_token_in_the_address_starts_a_session(client, clock, sessions):
    response = follow(client, f"/_/sso?token={token(clock, page='/connect')}", headers=FRAMED)

    assert (response.status_code, response.location) == (303, "/connect")
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert sessions.open["cookie-1"].method == "jwt"


def test_a_posted_token_starts_a_session_in_the_next_request(client, clock, sessions):
    form = {"token": token(clock, session_minutes=30)}

    posted = client.post("/_/sso", data=form, base_url=URL, headers={"Origin": ISSUER})
    response = follow(client, posted.location)

    assert (posted.status_code, posted.headers["Cache-Control"]) == (303, "no-store")
    assert "Set-Cookie" not in posted.headers
    assert response.location == "/"
    assert sessions.open["cookie-1"].minutes == 30
    assert sessions.open["cookie-1"].claims.issuer == ISSUER
    assert client.post("/_/sso", data=form, base_url=URL).status_code == 403


def test_a_token_of_another_person_asks_too(client, clock, sessions):
    follow(client, f"/_/sso?token={token(clock)}")

    page = follow(client, f"/_/sso?token={token(clock, '2', sub='u_1')}")

    assert "Sign in as another person?" in page.text
    assert follow(client, re.search(r'href="(/_/sso/[^"]+)"', page.text)[1]).status_code == 303
    assert sessions.open["cookie-2"].claims.subject == "u_1"


@pytest.mark.parametrize("text", ["", "x", "a.b.c"])
def test_a_wrong_token_is_refused_on_a_page_that_does_not_repeat_it(client, text):
    for answer in (
        follow(client, "/_/sso", query_string={"token": f"canary{text}"}),
        client.post("/_/sso", data={"token": f"canary{text}"}, base_url=URL),
    ):
        assert answer.status_code == 403
        assert "You are not signed in" in answer.text
        assert "canary" not in answer.text


def test_without_an_issuer_tokens_are_not_accepted(app, clock):
    parts = replace(app.extensions["pbf_sso"](), tokens=None)
    app.extensions["pbf_sso"] = lambda: parts

    answer = follow(app.test_client(), f"/_/sso?token={token(clock)}")

    assert (answer.status_code, "PBF_JWT_ISSUER" in answer.text) == (403, True)
