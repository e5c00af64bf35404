from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.identity.claims import Claims
from pbf.identity.demo.people import SAMPLE_PEOPLE
from pbf.identity.models import Identity
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from tests.support.accounts import ACCOUNT

OWN = "http://localhost"
Post = Callable[..., int]


@pytest.fixture
def browser(demo: Runtime) -> FlaskClient:
    return create_app(lambda: demo).test_client()


def post(browser: FlaskClient, path: str, origin: str = OWN, **form: str):
    return browser.post(f"/_/{path}", data=form, headers={"Origin": origin})


def identity(browser: FlaskClient, demo: Runtime) -> Identity | None:
    cookie = browser.get_cookie("pbf")
    return demo.identity.sessions.find(cookie.value) if cookie else None


@pytest.mark.parametrize("person", SAMPLE_PEOPLE, ids=lambda person: person.id)
def test_the_demo_can_be_looked_at_as_each_of_its_people(person, browser, demo):
    response = post(browser, "look-as", person=person.id, next="/connectors")
    found = identity(browser, demo)

    assert (response.status_code, response.location) == (303, "/connectors")
    assert response.headers["Cache-Control"] == "no-store"
    assert found
    assert (found.tenant_id, found.role, found.name) == (
        person.tenant_id,
        person.role,
        person.name,
    )
    assert found.is_operator is (person.role is Role.OPERATOR)


def test_looking_as_another_person_ends_the_session_before(browser, demo):
    post(browser, "look-as", person="mia")
    before = identity(browser, demo)
    post(browser, "look-as", person="lena")

    assert before
    assert demo.identity.sessions.by_id(before.session_id) is None


def test_nobody_can_be_looked_at_who_is_not_of_the_demo(browser, demo):
    assert post(browser, "look-as", person="root").status_code == 404
    assert post(browser, "look-as").status_code == 404
    assert identity(browser, demo) is None


@pytest.mark.parametrize("path", ["look-as", "tenant"])
def test_a_page_of_another_site_may_switch_nothing(path, browser, demo):
    post(browser, "look-as", person="lena")
    before = identity(browser, demo)
    response = post(browser, path, "https://evil.example", person="mia", tenant="acme")

    assert response.status_code == 403
    assert identity(browser, demo) == before


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(ACCOUNT, id="real-credentials"),
        pytest.param(
            Settings(
                public_url="http://localhost",
                sign_in=SignIn(methods=("oidc",), oidc_issuer="https://idp.example"),
            ),
            id="sign-in",
        ),
    ],
)
def test_outside_the_demo_nobody_looks_as_anybody(settings):
    started = runtimes.start(settings)
    try:
        response = post(create_app(lambda: started).test_client(), "look-as", person="olivia")
    finally:
        started.close()

    assert started.identity.demo is None
    assert response.status_code == 404
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("sought", ["acme", "Acme Ltd", " acme ltd ", "Acme Ltd (acme)"])
def test_a_person_switches_to_another_tenant_by_id_or_name(sought, browser, demo):
    post(browser, "look-as", person="lena")
    before = identity(browser, demo)
    response = post(browser, "tenant", tenant=sought, next="/activity")
    found = identity(browser, demo)

    assert (response.status_code, response.location) == (303, "/activity")
    assert before
    assert found
    assert (found.tenant_id, found.role) == ("acme", Role.VIEWER)
    assert demo.identity.sessions.by_id(before.session_id) is None


@pytest.mark.parametrize("sought", ["initech", "nowhere", ""])
def test_a_person_enters_no_tenant_that_is_not_theirs(sought, browser, demo):
    post(browser, "look-as", person="lena")
    before = identity(browser, demo)
    response = post(browser, "tenant", tenant=sought)

    assert response.status_code == 404
    assert "You cannot open this tenant" in response.text
    assert identity(browser, demo) == before


def test_a_visitor_without_a_session_enters_no_other_tenant(browser, demo):
    assert post(browser, "tenant", tenant="globex").status_code == 404
    assert identity(browser, demo) is None


@pytest.mark.parametrize("page", ["//evil.example", "https://evil.example", "/_/sign-out"])
def test_a_switch_leads_to_no_other_site(page, browser, demo):
    post(browser, "look-as", person="lena")

    assert post(browser, "tenant", tenant="acme", next=page).location == "/"


def test_an_operator_enters_a_tenant_whose_audit_log_says_so_and_leaves_it(browser, demo):
    post(browser, "look-as", person="olivia")
    post(browser, "tenant", tenant="initech")
    inside = identity(browser, demo)
    entries = demo.portals.of("initech").audit_log.newest(5)
    response = post(browser, "tenant", tenant="")
    outside = identity(browser, demo)

    assert inside
    assert (inside.tenant_id, inside.role, inside.is_operator) == ("initech", Role.OPERATOR, True)
    assert [(entry.what, entry.actor_name, entry.actor) for entry in entries] == [
        ("enter", "Olivia Grant", inside.actor)
    ]
    assert response.status_code == 303
    assert outside
    assert (outside.tenant_id, outside.role) == ("", Role.OPERATOR)
    assert demo.portals.of("acme").audit_log.newest(5) == []


def test_members_who_switch_are_not_in_the_audit_log(browser, demo):
    post(browser, "look-as", person="lena")
    post(browser, "tenant", tenant="acme")

    assert demo.portals.of("acme").audit_log.newest(5) == []


def test_a_person_whose_session_has_ended_is_led_to_the_sign_in():
    settings = Settings(
        public_url="http://localhost",
        sign_in=SignIn(methods=("oidc",), oidc_issuer="https://idp.example"),
    )
    started = runtimes.start(settings)
    try:
        response = post(create_app(lambda: started).test_client(), "tenant", tenant="a")
    finally:
        started.close()

    assert (response.status_code, response.location) == (303, "/_/sign-in?reason=ended")


def test_a_switch_in_a_frame_keeps_its_cookie_apart(demo):
    app = create_app(lambda: replace(demo, settings=replace(demo.settings, public_url=OWN)))
    claims = Claims("oidc", "https://idp.example", "ada", name="Ada")
    roles = {"acme": Role.EDITOR, "globex": Role.VIEWER}
    person = demo.identity.members.sign_in(claims, roles).person
    cookie = demo.identity.sessions.start(person.id, "acme", Role.EDITOR, method="oidc")
    client = app.test_client(use_cookies=False)
    headers = {"Origin": OWN, "Cookie": f"__Host-pbf-frame={cookie}"}

    response = client.post("/_/tenant", data={"tenant": "globex"}, headers=headers)

    sent = response.headers["Set-Cookie"]
    assert sent.startswith("__Host-pbf-frame=")
    assert all(part in sent for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned"))
